"""Archived bookings in a user's data export: those in the archive, and those in cold storage.

A row has the booking, and in `parts` what belonged to it (`evently_archive_bookings`). Bookings of
others are looked at, too: a user may have been handed one of their tickets.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import F, Max, Min, QuerySet, TextField
from django.db.models.functions import Cast

from bookings.export_columns import (
    BOOKING_COLUMNS,
    CHECK_COLUMNS,
    CHECK_IN_COLUMNS,
    PAYMENT_COLUMNS,
    RECEIVED_COLUMNS,
    RECORDED_COLUMNS,
    TICKET_COLUMNS,
    TRANSFER_COLUMNS,
)
from bookings.models import ArchivedBooking
from evently.privacy.models import PersonKey
from events.models import Event

Row = Mapping[str, Any]
# Bookings of others are searched in short statements.
AT_ONCE = timedelta(days=31)
# What was left out when a ticket's transfer was archived.
FORGOTTEN = {"recipient_name": "", "recipient_email": ""}


def in_archive(user_id: UUID) -> Mapping[str, Sequence[Any]]:
    """Return a user's rows in the archive, by section."""
    own = _values(ArchivedBooking.objects.filter(user_id=user_id).order_by("id"))
    return sections_of(user_id, [*own, *_of_others(user_id)])


def sections_of(user_id: UUID, rows: Iterable[Row]) -> Mapping[str, Sequence[Any]]:
    """Return a user's rows by section. rows: of bookings_archive; others' are searched, too."""
    found: dict[str, list[Any]] = defaultdict(list)
    key = PersonKey.objects.filter(user_id=user_id).first()
    for row in rows:
        is_own = str(row["user_id"]) == str(user_id)
        if is_own:
            found["bookings"].append(_picked(row, BOOKING_COLUMNS))
        for section, part in _parts(row, str(user_id), key, is_own=is_own):
            found[section].append(part)
    name_events(found["bookings"])
    return found


def name_events(rows: Sequence[dict[str, Any]]) -> None:
    """Add the names of their events to rows."""
    ids = {row["event_id"] for row in rows}
    names = dict(Event.objects.filter(pk__in=ids).values_list("pk", "name"))
    for row in rows:
        row["event__name"] = names.get(UUID(str(row["event_id"])), "")


def _parts(row: Row, me: str, key: PersonKey | None, *, is_own: bool) -> Iterator[tuple[str, Any]]:
    """Yield (section, row) of what belonged to a booking, as far as it is about a user."""
    parts = row["parts"] or {}
    booking = {"event_id": row["event_id"], "booking_id": row["id"]}
    for ticket in parts.get("tickets", ()):
        yield from _ticket(ticket | booking, me, key, is_own=is_own)
    for payment in parts.get("payments", ()):
        if is_own:
            yield "payments", _picked(payment | booking, PAYMENT_COLUMNS)
        if payment.get("recorded_by_id") == me:
            yield "payments_recorded", _picked(payment | booking, RECORDED_COLUMNS)
    for transfer in parts.get("transfers", ()):
        if is_own:
            yield "ticket_transfers", _picked(transfer | booking | FORGOTTEN, TRANSFER_COLUMNS)
        if transfer.get("recipient_id") == me:
            yield "tickets_received", _picked(transfer | booking | FORGOTTEN, RECEIVED_COLUMNS)
    for answer in parts.get("answers", ()) if is_own else ():
        yield "attendance_checks", _picked(answer | booking, CHECK_COLUMNS)


def _ticket(
    ticket: Row, me: str, key: PersonKey | None, *, is_own: bool
) -> Iterator[tuple[str, Any]]:
    """Yield (section, row) of a ticket, with the name that it bears where that is the user's."""
    is_theirs = ticket.get("holder_id") == me
    if is_own or is_theirs:
        sealed = ticket.get("holder_name") if is_theirs else None
        name = (key and sealed and key.open("holder_name", sealed)) or ""
        yield "tickets", _picked({**ticket, "holder_name": name}, TICKET_COLUMNS)
    if ticket.get("checked_in_by") == me:
        yield "check_ins", _picked(ticket, CHECK_IN_COLUMNS)


def _picked(row: Row, columns: Iterable[str]) -> dict[str, Any]:
    return {column: _typed(column, row.get(column)) for column in columns}


def _typed(column: str, value: Any) -> Any:
    """Return a value as a query would: moments are text in JSON."""
    is_moment = isinstance(value, str) and (column.endswith("_at") or column == "event_date")
    return datetime.fromisoformat(value) if is_moment else value


def _values(bookings: QuerySet[ArchivedBooking]) -> Iterator[Row]:
    """Yield rows with their parts, in which amounts stay exact."""
    columns = (*BOOKING_COLUMNS, "user_id")
    for row in bookings.annotate(text=Cast("parts", TextField())).values(*columns, "text"):
        yield row | {"parts": json.loads(row["text"], parse_float=Decimal)}


def _of_others(user_id: UUID) -> Iterator[Row]:
    """Yield archived bookings of others that have the user's id in one of their parts."""
    others = ArchivedBooking.objects.exclude(user_id=user_id)
    ends = others.aggregate(first=Min("ended_at"), last=Max("ended_at"))
    begin, last = ends["first"], ends["last"]
    while begin is not None and begin <= last:
        some = others.filter(ended_at__gte=begin, ended_at__lt=begin + AT_ONCE)
        named = some.annotate(everything=Cast(F("parts"), TextField()))
        yield from _values(named.filter(everything__contains=str(user_id)).order_by("id"))
        begin += AT_ONCE
