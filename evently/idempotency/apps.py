"""Idempotency keys as a Django app."""

from django.apps import AppConfig


class IdempotencyConfig(AppConfig):
    name = "evently.idempotency"
    verbose_name = "Idempotency keys"
