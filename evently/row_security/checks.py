"""A system check: whether the application's login can still read without taking a role."""

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.core import checks
from django.db import DataError, OperationalError, ProgrammingError, connections

from evently.database.grants import application_role
from evently.row_security.applying import is_open


@checks.register(checks.Tags.database)
def check_login(
    app_configs: Sequence[AppConfig] | None, databases: Sequence[str] | None = None, **kwargs: Any
) -> list[checks.CheckMessage]:
    """Warn where it can, as before the roles, so that a forgotten role would go unnoticed."""
    if "default" not in (databases or []):
        return []
    try:
        if not is_open(connections["default"], application_role()):
            return []
    except (OperationalError, ProgrammingError, DataError):
        return []  # down, or not migrated yet
    return [
        checks.Warning(
            "The application's login reads all tables without taking a role.",
            hint=(
                "Once every process runs this release, run manage.py close_login, which takes the "
                "rights that earlier releases needed."
            ),
            id="evently.W004",
        )
    ]
