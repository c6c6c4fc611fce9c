"""Lists by cursor: as quick on the thousandth page as on the first, and stable while rows come.

A cursor holds the place of a row in the ordering, which ends in `id`, so that it is one place
only. The next page is what comes after that place; no row is counted or skipped.
"""

import base64
import binascii
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.db.models import Model, Q, QuerySet
from rest_framework import exceptions
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param

from evently.api.problems import CursorInvalid
from evently.api.renderers import ExactJSONEncoder

if TYPE_CHECKING:
    # Settings name this module, and views read settings when they are loaded.
    from rest_framework.views import APIView

LONGEST_CURSOR = 1000
UNREADABLE = (
    binascii.Error,
    ValueError,
    TypeError,
    OverflowError,
    RecursionError,
    ValidationError,
)


@dataclass(frozen=True)
class Cursor:
    """A place in an ordering. backwards: the page that ends before it is wanted."""

    ordering: tuple[str, ...]
    values: tuple[Any, ...]
    backwards: bool = False

    def encoded(self) -> str:
        """Return the cursor as it stands in an address."""
        parts = [int(self.backwards), ",".join(self.ordering), *self.values]
        text = json.dumps(parts, cls=ExactJSONEncoder, separators=(",", ":"))
        return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def decoded(text: str, queryset: QuerySet[Any], ordering: tuple[str, ...]) -> Cursor:
    """Return the cursor out of an address.

    Raises CursorInvalid; also where it was made for another ordering.
    """
    try:
        if len(text) > LONGEST_CURSOR:
            raise CursorInvalid
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        backwards, made_for, *values = json.loads(raw.decode())
        if made_for != ",".join(ordering) or len(values) != len(ordering):
            raise CursorInvalid
        typed = [
            _typed(queryset, name, value) for name, value in zip(ordering, values, strict=True)
        ]
    except UNREADABLE as error:
        raise CursorInvalid from error
    return Cursor(ordering=ordering, values=tuple(typed), backwards=backwards == 1)


def _typed(queryset: QuerySet[Any], name: str, value: Any) -> Any:
    """Return a cursor's value as the column's type, refusing what never was one."""
    name = name.lstrip("-")
    if not isinstance(value, str | int) or isinstance(value, bool):
        raise CursorInvalid
    if isinstance(value, str):
        # JSON can hold half a character, which no database takes.
        value.encode()
        if "\x00" in value:
            raise CursorInvalid
    annotation = queryset.query.annotations.get(name)
    field = annotation.output_field if annotation else queryset.model._meta.get_field(name)
    typed = field.to_python(value)
    field.run_validators(typed)
    if isinstance(typed, datetime):
        if typed.tzinfo is None:
            raise CursorInvalid
        typed = typed.astimezone(UTC)
    return typed


class CursorPages(BasePagination):
    """`{next, previous, results}`; `limit` says how many, at most 100."""

    default_limit = 20
    most = 100

    def paginate_queryset(
        self, queryset: Any, request: Request, view: "APIView | None" = None
    ) -> list[Any]:
        """Return one page of a queryset, which must be ordered by plain columns, `id` last.

        Raises CursorInvalid, ValidationError (limit).
        """
        self.request = request
        self.ordering = ordering_of(queryset)
        self.cursor = None
        if text := request.query_params.get("cursor"):
            self.cursor = decoded(text, queryset, self.ordering)
        limit = self.limit_of(request)
        backwards = self.cursor is not None and self.cursor.backwards
        wanted = tuple(reverse_of(name) for name in self.ordering) if backwards else self.ordering
        if self.cursor is not None:
            queryset = queryset.filter(after(wanted, self.cursor.values))
        rows = list(queryset.order_by(*wanted)[: limit + 1])
        self.has_more = len(rows) > limit
        rows = rows[:limit]
        self.page = rows[::-1] if backwards else rows
        return self.page

    def limit_of(self, request: Request) -> int:
        """Return how many rows a page has."""
        text = request.query_params.get("limit")
        if text is None:
            return self.default_limit
        if not (text.isascii() and text.isdigit() and len(text) < 10 and int(text) > 0):
            raise exceptions.ValidationError({"limit": ["A whole number from 1 to 100."]})
        return min(int(text), self.most)

    def get_paginated_response(self, data: Any) -> Response:
        """Return the page with the addresses of its neighbours."""
        backwards = self.cursor is not None and self.cursor.backwards
        has_next = bool(self.page) and (backwards or self.has_more)
        has_previous = bool(self.page) and (self.has_more if backwards else self.cursor is not None)
        return Response(
            {
                "next": self.link(self.page[-1], backwards=False) if has_next else None,
                "previous": self.link(self.page[0], backwards=True) if has_previous else None,
                "results": data,
            }
        )

    def link(self, row: Model, *, backwards: bool) -> str:
        """Return the address of the page after a row, or before it."""
        values = tuple(getattr(row, name.lstrip("-")) for name in self.ordering)
        cursor = Cursor(ordering=self.ordering, values=values, backwards=backwards)
        here = self.request.build_absolute_uri()
        return replace_query_param(here, "cursor", cursor.encoded())

    # ── For the OpenAPI document ────────────────────────────────────────────
    def get_schema_operation_parameters(self, view: "APIView") -> list[dict[str, Any]]:
        """Describe the two parameters."""
        return [
            {
                "name": "cursor",
                "in": "query",
                "required": False,
                "description": "Where to go on; comes ready-made in `next` and `previous`.",
                "schema": {"type": "string"},
            },
            {
                "name": "limit",
                "in": "query",
                "required": False,
                "description": "How many results a page has.",
                "schema": {
                    "type": "integer",
                    "minimum": 1,
                    "maximum": self.most,
                    "default": self.default_limit,
                },
            },
        ]

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        """Describe the page around its results."""
        link = {"type": ["string", "null"], "format": "uri"}
        following = "https://tickets.example.org/api/v1/…?cursor=WzAsImV2ZW50X2RhdGUs…"
        return {
            "type": "object",
            "required": ["next", "previous", "results"],
            "properties": {
                "next": {**link, "example": following},
                "previous": {**link, "example": None},
                "results": schema,
            },
        }


def ordering_of(queryset: QuerySet[Any]) -> tuple[str, ...]:
    """Return the ordering of a queryset, which must be unique by ending in `id`."""
    ordering = tuple(str(name) for name in queryset.query.order_by)
    if not ordering or ordering[-1].lstrip("-") != "id":
        raise AssertionError("A list by cursor is ordered by plain columns, and by id last.")
    return ordering


def reverse_of(name: str) -> str:
    """Return a column's ordering the other way round."""
    return name[1:] if name.startswith("-") else f"-{name}"


def after(ordering: tuple[str, ...], values: tuple[Any, ...]) -> Q:
    """Return the condition for rows that come after a place.

    The bound on the first column alone says nothing new, but lets an index start there.
    """
    condition = Q()
    equal = Q()
    for name, value in zip(ordering, values, strict=True):
        column = name.lstrip("-")
        beyond = "lt" if name.startswith("-") else "gt"
        condition |= equal & Q(**{f"{column}__{beyond}": value})
        equal &= Q(**{column: value})
    first, bound = ordering[0].lstrip("-"), "lte" if ordering[0].startswith("-") else "gte"
    return Q(**{f"{first}__{bound}": values[0]}) & condition
