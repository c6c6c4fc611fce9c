"""The platform as a Django app: its migrations, commands and checks."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class EventlyConfig(AppConfig):
    name = "evently"
    verbose_name = "Platform"

    def ready(self) -> None:
        """Register system checks and gauges, and the grants that follow every migration."""
        from evently import gauges, preflight  # noqa: F401 - both register themselves
        from evently.admin.words import use_words
        from evently.database.grants import grant_to_application
        from evently.row_security import (
            applying,
            checks,  # noqa: F401
        )

        use_words()
        post_migrate.connect(grant_to_application, sender=self, dispatch_uid="evently.grants")
        # After the schemas, which those grants create.
        post_migrate.connect(applying.apply, sender=self, dispatch_uid="evently.policies")
