"""A system check: whether the database accepts the application's signatures."""

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.core import checks
from django.db import OperationalError, ProgrammingError, connection, transaction

from evently.audit.context import stamp
from evently.audit.signing import is_signed


@checks.register(checks.Tags.database)
def check_signatures(
    app_configs: Sequence[AppConfig] | None, databases: Sequence[str] | None = None, **kwargs: Any
) -> list[checks.CheckMessage]:
    """Warn if all changes would be recorded as unsigned."""
    if "default" not in (databases or []):
        return []
    try:
        with transaction.atomic():
            stamp(connection)
            signed = is_signed(connection)
    except (OperationalError, ProgrammingError):
        return []  # down, or not migrated yet
    if signed:
        return []
    return [
        checks.Warning(
            "The audit log records all changes as unsigned.",
            hint=(
                "Run manage.py migrate, which stores the key of the current SECRET_KEY in the "
                "database. If that does not help, compare the clocks of this machine and of the "
                "database; and connect without a pool that shares connections by transaction."
            ),
            id="evently.W002",
        )
    ]
