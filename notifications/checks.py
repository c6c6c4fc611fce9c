"""A system check: whether notifications have the partitions of their months."""

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.core import checks
from django.db import OperationalError, ProgrammingError

from notifications.operations.partitions import rows_outside


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
