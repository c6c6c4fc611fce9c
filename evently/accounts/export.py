"""Export of a user's data as JSON.

Each app has a module `exports` with functions decorated by `section`. They are discovered by module
name, since the platform imports no app.
"""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.utils.module_loading import autodiscover_modules

from evently.accounts.models import User
from evently.accounts.serializers import UserRepresentation
from evently.database.clock import now

Section = Callable[[UUID], Any]
_sections: dict[str, Section] = {}


def section(name: str) -> Callable[[Section], Section]:
    """Register a section of the export; the function takes a user's id, returns JSON-ready rows."""

    def register(function: Section) -> Section:
        _sections[name] = function
        return function

    return register


def export_of(user: User) -> dict[str, Any]:
    """Return {"exported_at", "person", section: rows, …} for a user."""
    autodiscover_modules("exports")
    return {
        "exported_at": now(),
        "person": dict(UserRepresentation(user).data),
        **{name: function(user.pk) for name, function in sorted(_sections.items())},
    }
