"""Export of a user's data as JSON.

Each app has a module `exports` with functions decorated by `section`. They are discovered by module
name, since the platform imports no app.
"""

from collections.abc import Callable, Iterable
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

Section = Callable[[UUID], Any]
_sections: dict[str, Section] = {}
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
            **dict(sorted(_shapes.items())),
        }
        return {"type": "object", "properties": properties, "required": list(properties)}


def export_of(user: User) -> dict[str, Any]:
    """Return {"exported_at", "person", section: rows, …} for a user."""
    autodiscover_modules("exports")
    return {
        "exported_at": now(),
        "person": dict(UserRepresentation(user).data),
        **{name: function(user.pk) for name, function in sorted(_sections.items())},
    }
