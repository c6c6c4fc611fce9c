"""Keyset pagination: pages by cursor, for the lists of pages and of the API.

A cursor holds the values of one row in every column of the ordering, which ends in `id` and so is
unique. The next page is what comes after those values: no row is counted or skipped, the
thousandth page costs as much as the first, and rows that are added or deleted meanwhile neither
repeat other rows nor hide them.
"""

import base64
import binascii
import json
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import reduce
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Field, Model, Q, QuerySet
from django.db.models.constants import LOOKUP_SEP
from django.http import QueryDict

from evently.errors import Malformed
from evently.exact_json import as_json

CURSOR_PARAMETER = "cursor"
LONGEST_CURSOR = 1000
# What the steps of decoding raise for text that was never one of our cursors.
UNREADABLE = (
    binascii.Error,
    ValueError,
    TypeError,
    OverflowError,
    RecursionError,
    ValidationError,
)


class CursorInvalid(Malformed):
    """The cursor was cut short or altered, or belongs to another list."""

    code = "cursor_invalid"
    message = "This page of the list does not exist. Start again from the first page."


@dataclass(frozen=True)
class Page:
    """One page of a list. previous, next: cursors, or None at the ends."""

    rows: list[Any]
    previous: str | None
    next: str | None


class PagedList(ABC):
    """A list that is no single query, and finds its pages itself."""

    @abstractmethod
    def page(self, *, size: int, cursor: str = "") -> Page:
        """Return one page; raises CursorInvalid."""


def page_of(
    rows: QuerySet[Any] | PagedList,
    *,
    ordering: Sequence[str] = (),
    size: int,
    cursor: str = "",
    by_ids: bool = False,
    joined_last: bool = False,
) -> Page:
    """Return one page of a list.

    ordering: column names as in `order_by`, the last one `id`, also of related rows that are
    loaded (`event__event_date`); by default the ordering of `rows`. cursor: from an earlier page
    in the same ordering, "" for the first page. by_ids: first find the ids of the page, for rows
    whose filters an index answers alone. joined_last: do so in a subquery, and join other tables
    to the page only, where each of their rows is dear to look at.
    Raises CursorInvalid.
    """
    if isinstance(rows, PagedList):
        return rows.page(size=size, cursor=cursor)
    ordering = tuple(ordering) or _ordering_of(rows)
    backwards = False
    # One more than the page holds, to know whether another page follows in that direction.
    wanted, limit = ordering, size + 1
    if cursor:
        backwards, values = decode(cursor, rows, ordering)
        wanted = reversed_order(ordering) if backwards else ordering
        rows = rows.filter(after(wanted, values))
    rows = rows.order_by(*wanted)
    if by_ids:
        rows = rows.filter(pk__in=list(rows.values_list("pk", flat=True)[:limit]))
    if joined_last:
        rows = rows.filter(pk__in=rows.values("pk")[:limit])
    return _page(list(rows[:limit]), ordering, size=size, backwards=backwards, is_first=not cursor)


def first_page(found: list[Any], *, ordering: Sequence[str], size: int) -> Page:
    """Return the first page of a list that was read already, in this ordering.

    found: its first rows, one more than a page holds.
    """
    return _page(found, ordering, size=size, backwards=False, is_first=True)


def _page(
    found: list[Any], ordering: Sequence[str], *, size: int, backwards: bool, is_first: bool
) -> Page:
    more, found = len(found) > size, found[:size]
    if backwards:
        found.reverse()
    has_previous, has_next = (more, True) if backwards else (not is_first, more)
    return Page(
        rows=found,
        previous=encode(found[0], ordering, backwards=True) if found and has_previous else None,
        next=encode(found[-1], ordering, backwards=False) if found and has_next else None,
    )


def links_of(page: Page, parameters: QueryDict, *, kept: Sequence[str] = ()) -> dict[str, str]:
    """Return `previous_url` and `next_url` as query strings; kept: parameters they carry on."""
    links = {}
    for name, cursor in (("previous_url", page.previous), ("next_url", page.next)):
        query = QueryDict(mutable=True)
        for parameter in kept:
            if value := parameters.get(parameter):
                query[parameter] = value
        if cursor is not None:
            query[CURSOR_PARAMETER] = cursor
        links[name] = f"?{query.urlencode()}" if cursor is not None else ""
    return links


# ── Orderings ───────────────────────────────────────────────────────────────
def _ordering_of(rows: QuerySet[Any]) -> tuple[str, ...]:
    ordering = tuple(str(name) for name in rows.query.order_by)
    if not ordering or _column(ordering[-1]) != "id":
        raise AssertionError("A list by cursor is ordered by plain columns, and by id last.")
    return ordering


def _column(name: str) -> str:
    return name.removeprefix("-")


def reversed_order(ordering: Sequence[str]) -> tuple[str, ...]:
    return tuple(_column(name) if name.startswith("-") else f"-{name}" for name in ordering)


def after(ordering: Sequence[str], values: Sequence[Any]) -> Q:
    """Return the condition for rows that come after a row with these values.

    (a > 1) OR (a = 1 AND b > 2) OR …: PostgreSQL cannot start an index scan from such an OR, so
    the implied bound on the first column (a >= 1) is added, from which it can.
    """
    after = Q()
    equal = Q()
    for name, value in zip(ordering, values, strict=True):
        column = _column(name)
        beyond = "lt" if name.startswith("-") else "gt"
        after |= equal & Q(**{f"{column}__{beyond}": value})
        equal &= Q(**{column: value})
    bound = "lte" if ordering[0].startswith("-") else "gte"
    return Q(**{f"{_column(ordering[0])}__{bound}": values[0]}) & after


# ── Encoding ────────────────────────────────────────────────────────────────
def encode(row: Model, ordering: Sequence[str], *, backwards: bool) -> str:
    """Return the cursor of the page after a row, or (backwards) before it."""
    values = [reduce(getattr, _column(name).split(LOOKUP_SEP), row) for name in ordering]
    parts = [int(backwards), ",".join(ordering), *values]
    return base64.urlsafe_b64encode(as_json(parts).encode()).decode().rstrip("=")


def decode(
    cursor: str, rows: QuerySet[Any], ordering: Sequence[str]
) -> tuple[bool, tuple[Any, ...]]:
    """Return whether the page lies before the row, and the row's values.

    Raises CursorInvalid, also for a cursor that was made for another ordering.
    """
    try:
        if len(cursor) > LONGEST_CURSOR:
            raise CursorInvalid
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        backwards, made_for, *values = json.loads(raw.decode())
        if made_for != ",".join(ordering):
            raise CursorInvalid
        typed = [_typed(rows, name, value) for name, value in zip(ordering, values, strict=True)]
    except UNREADABLE as error:
        raise CursorInvalid from error
    return backwards == 1, tuple(typed)


def _typed(rows: QuerySet[Any], name: str, value: Any) -> Any:
    """Return a value of a cursor as its column's type; raise UNREADABLE where it is none."""
    if not isinstance(value, str | int) or isinstance(value, bool):
        raise TypeError("A cursor holds strings and numbers.")
    if isinstance(value, str):
        # JSON can hold half of a surrogate pair, and null bytes; PostgreSQL takes neither.
        value.encode()
        if "\x00" in value:
            raise ValueError("A cursor holds no null bytes.")
    field = _field(rows, _column(name))
    typed = field.to_python(value)
    field.run_validators(typed)
    if isinstance(typed, datetime):
        if typed.tzinfo is None:
            raise ValueError("A cursor holds times with their offset.")
        # Raises OverflowError for a time that leaves Python's range in UTC.
        typed = typed.astimezone(UTC)
    return typed


def _field(rows: QuerySet[Any], column: str) -> Any:
    """Return the field of an annotation, or of a column of the model or a related one."""
    if annotation := rows.query.annotations.get(column):
        return annotation.output_field
    *relations, name = column.split(LOOKUP_SEP)
    model: Any = rows.model
    for relation in relations:
        model = model._meta.get_field(relation).related_model
    field: Field[Any, Any] = model._meta.get_field(name)
    return field
