"""The audit app."""

from django.apps import AppConfig


class AuditConfig(AppConfig):
    """Logs every change of the domain tables, by trigger."""

    name = "evently.audit"
    label = "audit"
    verbose_name = "Audit trail"

    def ready(self) -> None:
        from evently.audit import celery  # noqa: F401  (connects to Celery's signals)
