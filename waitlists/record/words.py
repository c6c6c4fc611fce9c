"""A record in plain words, as the page of an event's record shows it."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from evently.formatting import counted, moment, seats
from waitlists.models import LineEvent, RecordKind
from waitlists.record.summary import CARRIED_OVER

# As many digits of a pseudonym as tell the places of one page apart.
SHORT_REF = 8
# As many digits of a hash as are compared by eye; the whole one is in the record.
SHORT_HASH = 12


@dataclass(frozen=True)
class RecordRow:
    """One record on a page. ref: short, "" where it is about no place. free: seats, or None."""

    seq: int
    at: datetime
    title: str
    text: str
    ref: str
    free: int | None
    is_own: bool


def rows_of(
    records: Collection[LineEvent], *, zone: ZoneInfo, own_refs: Collection[str]
) -> list[RecordRow]:
    """Return records as a page shows them; own_refs: the pseudonyms of the one who reads it."""
    return [
        RecordRow(
            seq=record.seq,
            at=record.at,
            title=TITLES.get(record.kind, _later)(record),
            text=_text(record, zone),
            ref=(record.ref or "")[:SHORT_REF],
            free=record.free,
            is_own=record.ref in own_refs,
        )
        for record in records
    ]


def passes_text(skips: int | None) -> str:
    """Return the rule for places that need more seats than are free, as a sentence."""
    if skips is None:
        return "A place that needs more seats than are free is passed without a limit."
    if skips == 0:
        return "Strict order: no place is passed."
    return (
        f"A place that needs more seats than are free is passed {counted(skips, 'time')}; "
        "then seats are kept for it."
    )


def _wanted(record: LineEvent) -> str:
    wanted = seats(record.seats or 0)
    return wanted if record.least == record.seats else f"{wanted}, at least {record.least}"


def _were(record: LineEvent) -> str:
    return f"{seats(record.seats or 0)} {'was' if record.seats == 1 else 'were'}"


def _changed_order(record: LineEvent) -> str:
    if record.rank is None:
        return f"The organizer offers {seats(record.seats or 0)} out of order"
    return f"The organizer moved this place to position {record.position}"


def _frozen(record: LineEvent) -> str:
    return f"The list of the draw was closed, with {counted(record.lots or 0, 'lot')}"


def _later(record: LineEvent) -> str:
    """Return what is said of a kind of a later release, whose processes may write already."""
    return "A step of a later version of this site"


TITLES: dict[str, Callable[[LineEvent], str]] = {
    RecordKind.OPENED: lambda record: "The waitlist began",
    RecordKind.RULES: lambda record: "The organizer changed the rules",
    RecordKind.CAPACITY: lambda record: f"The event now has {seats(record.capacity or 0)}",
    RecordKind.BOOKED: lambda record: f"{_were(record)} sold to the public",
    RecordKind.CANCELLED: lambda record: f"{_were(record)} cancelled",
    RecordKind.JOINED: lambda record: f"Joined for {_wanted(record)}",
    RecordKind.CONFIRMED: lambda record: "Confirmed the place",
    RecordKind.CHANGED: lambda record: f"Waits on for {_wanted(record)}",
    RecordKind.OVERRIDE: _changed_order,
    RecordKind.LEFT: lambda record: "Left the waitlist",
    RecordKind.OFFERED: lambda record: f"{_were(record)} offered",
    RecordKind.EXTENDED: lambda record: "The time to claim the offer was moved",
    RecordKind.USED: lambda record: f"Booked {seats(record.seats or 0)} of the offer",
    RecordKind.DECLINED: lambda record: "Declined the offer",
    RecordKind.LAPSED: lambda record: "The offer expired",
    RecordKind.RESERVED: lambda record: "Seats are kept for this place from now on",
    RecordKind.CLOSED: lambda record: "The waitlist is empty",
    RecordKind.DRAW: lambda record: "A draw was announced",
    RecordKind.FROZEN: _frozen,
    RecordKind.DRAWN: lambda record: "The order was drawn",
    RecordKind.VOID: lambda record: "The draw is void",
}


def _text(record: LineEvent, zone: ZoneInfo) -> str:
    parts = []
    if record.kind == RecordKind.JOINED:
        parts.append(f"Position {record.position}." if record.position else "")
        parts.append("" if record.confirmed else "Not confirmed yet.")
    if record.kind in (RecordKind.OPENED, RecordKind.RULES):
        parts += [
            passes_text(record.skips),
            f"The waitlist closes on {moment(record.until, zone)}.",
        ]
    if record.kind == RecordKind.OFFERED:
        parts.append(f"Held until {moment(record.until, zone)}.")
        parts.append(f"Freed by record {record.cause}." if record.cause else "")
    parts += _of_draw(record, zone)
    if record.reason == CARRIED_OVER:
        parts.append("The waitlist is older than its record.")
    elif record.reason == "closed":
        parts.append("It had not been offered seats when it closed.")
    elif record.reason:
        parts.append(f"Reason: {record.reason}")
    return " ".join(filter(None, parts))


def _of_draw(record: LineEvent, zone: ZoneInfo) -> list[str]:
    """Return the facts of a step of a draw; hashes are short."""
    if record.kind == RecordKind.DRAW:
        return [
            f"It can be joined until {moment(record.until, zone)}.",
            f"The result is due on {moment(record.due, zone)}, by {record.beacon}.",
            f"Commitment {short_hash(record.commitment)}.",
        ]
    if record.kind == RecordKind.FROZEN:
        return [f"Hash of the list {short_hash(record.list)}."]
    if record.kind == RecordKind.DRAWN:
        # The numbers of a lottery are short, and not cut.
        value = record.beacon or ""
        value = value if " " in value else short_hash(value)
        return [f"Secret {short_hash(record.secret)}.", f"Random value {value}."]
    return []


def short_hash(digits: str | None) -> str:
    """Return the beginning of a hash: "1a2b3c4d5e6f…"."""
    return f"{(digits or '')[:SHORT_HASH]}…"
