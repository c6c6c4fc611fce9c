"""The privacy app."""

from django.apps import AppConfig


class PrivacyConfig(AppConfig):
    """Encryption of names and email addresses under a key per user."""

    name = "evently.privacy"
    label = "privacy"
    verbose_name = "Privacy"
