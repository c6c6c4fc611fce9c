"""The box office as a Django app."""

from django.apps import AppConfig, apps
from django.db.models.signals import post_migrate, pre_migrate


class BoxofficeConfig(AppConfig):
    name = "boxoffice"

    def ready(self) -> None:
        from boxoffice.analysts.install import drop_before_migrations, install
        from boxoffice.figures import gauges  # noqa: F401
        from boxoffice.lifecycle import receivers  # noqa: F401

        # Sent once for each app with models; this one has none.
        platform = apps.get_app_config("evently")
        pre_migrate.connect(
            drop_before_migrations, sender=platform, dispatch_uid="boxoffice.analysts.drop"
        )
        post_migrate.connect(install, sender=platform, dispatch_uid="boxoffice.analysts.install")
