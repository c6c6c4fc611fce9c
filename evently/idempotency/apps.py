"""Idempotency keys as a Django app."""

from django.apps import AppConfig


class IdempotencyConfig(AppConfig):
    """Keys that make a retry safe."""

    name = "evently.idempotency"
    verbose_name = "Idempotency keys"
