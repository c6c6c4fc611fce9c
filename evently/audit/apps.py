"""The trail as a Django app."""

from django.apps import AppConfig


class AuditConfig(AppConfig):
    """Every change of every row of the domain tables, by trigger."""

    name = "evently.audit"
    label = "audit"
    verbose_name = "Audit trail"
