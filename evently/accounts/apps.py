"""Accounts as a Django app."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """Users, their API tokens, sign-up and log-in."""

    name = "evently.accounts"
    label = "accounts"
    verbose_name = "People"
