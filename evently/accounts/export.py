"""Export of a user's data as JSON.

Each app has a module `exports` with functions decorated by `section`. They are discovered by module
name, since the platform imports no app. Rows that left their tables are added to the same sections:
those of an archive (`more_rows`), and those in cold storage (`cold_rows`), which only the file that
is made in the background has, since reading them takes a while.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import FieldDoesNotExist
from django.db import models
from django.utils.module_loading import autodiscover_modules
from drf_spectacular.extensions import OpenApiSerializerExtension
from rest_framework import serializers

from evently.accounts.models import User
from evently.accounts.serializers import UserRepresentation
from evently.database.clock import now
from evently.lifecycle.of_person import Found

Section = Callable[[UUID], Any]
# Rows by section.
Rows = Mapping[str, Sequence[Any]]
MoreRows = Callable[[UUID], Rows]
ColdRows = Callable[[UUID, Sequence[Mapping[str, Any]]], Rows]
_sections: dict[str, Section] = {}
_more: dict[str, MoreRows] = {}
_cold: dict[str, ColdRows] = {}
_shapes: dict[str, dict[str, Any]] = {}
TEXT = {"type": "string"}
# The JSON types of columns; of any other, a string.
JSON_TYPES: tuple[tuple[Any, dict[str, Any]], ...] = (
    (models.UUIDField, {"type": "string", "format": "uuid"}),
    (models.DateTimeField, {"type": "string", "format": "date-time"}),
    (models.BooleanField, {"type": "boolean"}),
    (models.IntegerField, {"type": "integer"}),
    (models.JSONField, {"type": "object"}),
    (ArrayField, {"type": "array", "items": {"type": "string"}}),
)


def section(
    name: str, *, of: type[models.Model], columns: Iterable[str]
) -> Callable[[Section], Section]:
    """Register a section of the export; the function takes a user's id, returns JSON-ready rows.

    of, columns: what the rows contain, for the API's reference: columns of a model or a related
    one (`event__name`), or names that are no column and hold text.
    """

    def register(function: Section) -> Section:
        _sections[name] = function
        properties = {column: _json_type(of, column) for column in columns}
        row = {"type": "object", "properties": properties, "required": list(properties)}
        _shapes[name] = {"type": "array", "items": row}
        return function

    return register


def more_rows(function: MoreRows) -> MoreRows:
    """Register a function that takes a user's id, and returns rows of several sections."""
    _more[function.__qualname__] = function
    return function


def cold_rows(table: str) -> Callable[[ColdRows], ColdRows]:
    """Register what makes rows of sections from a table's rows in cold storage.

    The function takes a user's id, and rows as `of_person.row_of` returns them: the user's own, and
    those that have the user's id anywhere.
    """

    def register(function: ColdRows) -> ColdRows:
        _cold[table] = function
        return function

    return register


def _json_type(model: type[models.Model], column: str) -> dict[str, Any]:
    """Return the JSON Schema of a column; of one that may be missing, with `null`."""
    relation, _, name = column.rpartition("__")
    try:
        target: Any = model._meta.get_field(relation).related_model if relation else model
        field: Any = target._meta.get_field(name.removesuffix("_id") if name != "id" else name)
    except FieldDoesNotExist:
        return {"type": "string"}
    if isinstance(field, models.ForeignKey):
        found = {"type": "string", "format": "uuid"}
    else:
        found = dict(next((json for kind, json in JSON_TYPES if isinstance(field, kind)), TEXT))
    return {**found, "type": [found["type"], "null"]} if field.null else found


COLD_STORAGE = {
    "type": "object",
    "description": "Bookings and waitlist entries of events that ended more than two years ago. "
    "Only the ZIP file includes them; `unread_months` are those that could not be read for it.",
    "properties": {
        "included": {"type": "boolean"},
        "unread_months": {"type": "array", "items": {"type": "string", "examples": ["2024-11"]}},
    },
    "required": ["included", "unread_months"],
}


class ExportRepresentation(serializers.Serializer[Any]):
    """All data that is stored about the current user."""


class ExportShape(OpenApiSerializerExtension):
    """Describes the export from its registered sections."""

    target_class = ExportRepresentation

    def map_serializer(self, auto_schema: Any, direction: Any) -> dict[str, Any]:
        autodiscover_modules("exports")
        person = auto_schema.resolve_serializer(UserRepresentation, direction).ref
        properties = {
            "exported_at": {"type": "string", "format": "date-time"},
            "person": person,
            "cold_storage": COLD_STORAGE,
            **dict(sorted(_shapes.items())),
        }
        return {"type": "object", "properties": properties, "required": list(properties)}


def export_of(user: User) -> dict[str, Any]:
    """Return {"exported_at", "person", "cold_storage", section: rows, …} for a user.

    Without what is in cold storage: `add_cold_rows`.
    """
    autodiscover_modules("exports")
    data = {
        "exported_at": now(),
        "person": dict(UserRepresentation(user).data),
        "cold_storage": {"included": False, "unread_months": []},
        **{name: function(user.pk) for name, function in sorted(_sections.items())},
    }
    for _, function in sorted(_more.items()):
        _add(data, function(user.pk))
    return data


def cold_tables() -> list[str]:
    """Return the tables whose rows in cold storage belong into exports."""
    autodiscover_modules("exports")
    return sorted(_cold)


def add_cold_rows(data: dict[str, Any], user: User, found: Found) -> None:
    """Add what was found in cold storage to the data of a user."""
    for table, rows in sorted(found.rows.items()):
        _add(data, _cold[table](user.pk, rows))
    months = [f"{month:%Y-%m}" for month in sorted(found.unread)]
    data["cold_storage"] = {"included": True, "unread_months": months}


def _add(data: dict[str, Any], rows: Rows) -> None:
    """Put rows before those that their sections have: they are older."""
    for name, more in rows.items():
        data[name] = [*more, *data[name]]
