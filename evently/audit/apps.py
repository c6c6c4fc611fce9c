"""The trail as a Django app."""

from django.apps import AppConfig


class AuditConfig(AppConfig):
    """Every change of every row of the domain tables, by trigger."""

    name = "evently.audit"
    label = "audit"
    verbose_name = "Audit trail"

    def ready(self) -> None:
        """Let tasks say that it is they who act."""
        from evently.audit import celery  # noqa: F401  (connects to Celery's signals)
