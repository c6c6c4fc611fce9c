"""The lifecycle app."""

from django.apps import AppConfig


class LifecycleConfig(AppConfig):
    """Retention rules of all tables, and cold storage."""

    name = "evently.lifecycle"
    label = "lifecycle"
    verbose_name = "Lifecycle of data"
