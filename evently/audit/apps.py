"""The audit app."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class AuditConfig(AppConfig):
    """Logs every change of the domain tables, by trigger."""

    name = "evently.audit"
    label = "audit"
    verbose_name = "Audit trail"

    def ready(self) -> None:
        from evently.audit import celery, checks  # noqa: F401  (connect to signals, register)
        from evently.audit.signing import install_keys

        post_migrate.connect(install_keys, sender=self, dispatch_uid="evently.audit.keys")
