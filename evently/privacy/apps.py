"""Sealing as a Django app."""

from django.apps import AppConfig


class PrivacyConfig(AppConfig):
    """Addresses and names under a key per person."""

    name = "evently.privacy"
    label = "privacy"
    verbose_name = "Privacy"
