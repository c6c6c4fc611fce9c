"""The box office as a Django app."""

from django.apps import AppConfig


class BoxofficeConfig(AppConfig):
    name = "boxoffice"

    def ready(self) -> None:
        from boxoffice.lifecycle import receivers  # noqa: F401
