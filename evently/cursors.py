"""Pages of a list by cursor: rows that come or go meanwhile neither repeat nor get lost."""

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet
from django.http import QueryDict

from evently.errors import NotFound


class CursorInvalid(NotFound):
    """The cursor was cut short or altered."""

    code = "cursor_invalid"
    message = "This page of the list cannot be found. Please start from its first page."


@dataclass(frozen=True)
class Page:
    """One page of a list. previous, next: cursors, or None at the ends."""

    rows: list[Any]
    previous: str | None
    next: str | None


def page_of(
    rows: QuerySet[Any], *, moment: str, size: int, cursor: str = "", newest_first: bool = False
) -> Page:
    """Return a page of rows ordered by a moment, then by id.

    moment: the name of the datetime column, perhaps of a related row that is loaded. cursor:
    from an earlier page, "" for the first.
    Raises CursorInvalid.
    """
    backwards, at, row_id = _read(cursor) if cursor else (False, None, None)
    descending = newest_first != backwards
    if at is not None and row_id is not None:
        rows = rows.filter(_beyond(moment, at, row_id, descending=descending))
    sign = "-" if descending else ""
    found = list(rows.order_by(f"{sign}{moment}", f"{sign}id")[: size + 1])
    more, found = len(found) > size, found[:size]
    if backwards:
        found.reverse()
    has_previous, has_next = (more, True) if backwards else (bool(cursor), more)
    return Page(
        rows=found,
        previous=_write(True, found[0], moment) if found and has_previous else None,
        next=_write(False, found[-1], moment) if found and has_next else None,
    )


def _beyond(moment: str, at: datetime, row_id: UUID, *, descending: bool) -> Q:
    """Return the rows after a place; the first condition alone lets an index seek there."""
    more, same = ("lt", "lte") if descending else ("gt", "gte")
    beyond = Q(**{f"{moment}__{more}": at}) | Q(**{moment: at, f"id__{more}": row_id})
    return Q(**{f"{moment}__{same}": at}) & beyond


def _write(backwards: bool, row: Any, moment: str) -> str:
    at: datetime = reduce(getattr, moment.split("__"), row)
    place = [int(backwards), at.isoformat(), row.pk.hex]
    text = json.dumps(place, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _read(cursor: str) -> tuple[bool, datetime, UUID]:
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        backwards, at, row_id = json.loads(text)
        moment = datetime.fromisoformat(at)
        if moment.tzinfo is None or not isinstance(row_id, str):
            raise CursorInvalid
        return bool(backwards), moment, UUID(hex=row_id)
    except (binascii.Error, UnicodeError, ValueError, TypeError, OverflowError) as error:
        raise CursorInvalid from error


def links_of(page: Page, parameters: QueryDict, *, kept: Sequence[str] = ()) -> dict[str, str]:
    """Return `previous_url` and `next_url` as query strings; kept: parameters they carry on."""
    links = {}
    for name, cursor in (("previous_url", page.previous), ("next_url", page.next)):
        query = QueryDict(mutable=True)
        for parameter in kept:
            if value := parameters.get(parameter):
                query[parameter] = value
        if cursor is not None:
            query["cursor"] = cursor
        links[name] = f"?{query.urlencode()}" if cursor is not None else ""
    return links
