"""The accounts app."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """Users, their API tokens, sign-up and login."""

    name = "evently.accounts"
    label = "accounts"
    verbose_name = "Users"

    def ready(self) -> None:
        """Listen to logins."""
        from evently.accounts import receivers, security_log  # noqa: F401
        from evently.accounts.identity import follow_logins

        follow_logins()
