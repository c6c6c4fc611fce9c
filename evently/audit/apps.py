"""The audit app."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.module_loading import autodiscover_modules


class AuditConfig(AppConfig):
    """Logs every change of the domain tables, by trigger."""

    name = "evently.audit"
    label = "audit"
    verbose_name = "Audit trail"

    def ready(self) -> None:
        from evently.audit import celery, checks  # noqa: F401  (connect to signals, register)
        from evently.audit.signing import install_keys

        # What each app's rows are called in the history.
        autodiscover_modules("history")

        post_migrate.connect(install_keys, sender=self, dispatch_uid="evently.audit.keys")
