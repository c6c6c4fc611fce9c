"""System checks: the partitions of notifications, and the providers of emails."""

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.core import checks
from django.core.exceptions import ImproperlyConfigured
from django.db import OperationalError, ProgrammingError

from evently.email_providers import Provider
from notifications.operations.partitions import rows_outside
from notifications.providers.registry import backend_of, providers, unknown_options


@checks.register(checks.Tags.database)
def check_partitions(
    app_configs: Sequence[AppConfig] | None, databases: Sequence[str] | None = None, **kwargs: Any
) -> list[checks.CheckMessage]:
    """Warn of notifications in the default partition."""
    if "default" not in (databases or []):
        return []
    try:
        rows = rows_outside()
    except (OperationalError, ProgrammingError):
        return []  # down, or not migrated yet
    if not rows:
        return []
    return [
        checks.Warning(
            f"{rows:,} notifications are in the default partition.",
            hint=(
                "The partition of their month was not made in time. The periodic task "
                "notifications.tasks.make_partitions makes it and moves them: is the scheduler "
                "running?"
            ),
            id="evently.W003",
        )
    ]


@checks.register
def check_email_providers(
    app_configs: Sequence[AppConfig] | None, **kwargs: Any
) -> list[checks.CheckMessage]:
    """Report providers of emails that cannot be set up as they are configured."""
    return [message for provider in providers() for message in _problems_of(provider)]


def _problems_of(provider: Provider) -> list[checks.CheckMessage]:
    try:
        backend_of(provider)
        unknown = {} if provider.is_smtp else unknown_options(provider)
    except (ImproperlyConfigured, ImportError, ValueError) as error:
        return [
            checks.Error(
                f"The email provider {provider.name} cannot be set up: {error}",
                hint="Change its URL in EMAIL_PROVIDERS or EMAIL_URL (docs/email.md).",
                id="evently.E004",
            )
        ]
    return [
        checks.Error(
            f"The email provider {provider.name} has the option {name!r}, which its service does "
            "not know.",
            hint="Remove it from its URL in EMAIL_PROVIDERS or EMAIL_URL (docs/email.md).",
            id="evently.E005",
        )
        for name in unknown
    ]
