"""What happened to one place, by the public record: a replay of its records from joining on.

Small on purpose: it follows one place, where `script/check_line` checks all of them.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Count, Max, Min, Q

from waitlists import drawing
from waitlists.models import Draw, LineEvent, RecordKind
from waitlists.record.summary import CARRIED_OVER

COLUMNS = (
    "seq",
    "kind",
    "at",
    "ref",
    "seats",
    "least",
    "score",
    "rank",
    "position",
    "confirmed",
    "reason",
    "until",
    "free",
    "capacity",
    "skips",
    "cause",
    "list",
    "lots",
    "due",
)
RULES = (RecordKind.OPENED, RecordKind.RULES)
SEATS = (RecordKind.OPENED, RecordKind.CAPACITY)
# Records after which a place waits, or does not any more.
WAITS = (RecordKind.JOINED, RecordKind.CHANGED)
RESTS = (RecordKind.OFFERED, RecordKind.LEFT)
# What places are ordered by: score, rank, and the number of `joined`; the smallest comes first.
Order = tuple[int, datetime, int]


@dataclass(frozen=True)
class Happening:
    """Something that concerned the place.

    kind: that of the record, for records about the place itself and about the whole waitlist;
    about others: `ahead_…`, `passed_…` or `other_…`. position: of the place, after it. least: the
    fewest seats that it accepted then. people: how many others it was about. seats: of all of them.
    before: what the record changed, such as the capacity until then.
    """

    kind: str
    record: Any
    at: datetime
    position: int | None
    least: int
    people: int = 1
    seats: int = 0
    reason: str = ""
    cause: Any = None
    before: Any = None


@dataclass
class Other:
    """Another place: what it is ranked by, and whether it waits."""

    order: Order
    waits: bool = True
    was_ahead: bool = False


@dataclass
class Story:
    """One place, replayed.

    position_at: since when it has its position. passes: offers and public sales that passed it,
    since they count. least: the fewest seats that it accepts. rules, seats: the last records of the
    rules and of the capacity.
    """

    ref: str
    happenings: list[Happening] = field(default_factory=list)
    position: int | None = None
    position_at: datetime | None = None
    waits: bool = False
    confirmed: bool = False
    passes: int = 0
    least: int = 1
    order: Order = (0, datetime.min.replace(tzinfo=UTC), 0)
    rules: Any = None
    seats: Any = None
    others: dict[str, Other] = field(default_factory=dict)
    # Reasons of offers out of order that come next, by ref.
    announced: dict[str, str] = field(default_factory=dict)
    causes: dict[int, Any] = field(default_factory=dict)
    # Why the ends of its offers were moved, by the new end.
    why_moved: dict[datetime, str] = field(default_factory=dict)

    def tell(self, kind: str, record: Any, **facts: Any) -> None:
        self.happenings.append(
            Happening(
                kind=kind,
                record=record,
                at=record.at,
                position=self.position if self.waits else None,
                least=self.least,
                seats=record.seats or 0,
                reason=record.reason or "",
                cause=self.causes.get(record.cause or 0),
            )
        )
        if facts:
            self.happenings[-1] = replace(self.happenings[-1], **facts)

    # ── The place itself ────────────────────────────────────────────────────
    def own(self, record: Any) -> None:
        kind = record.kind
        if kind in WAITS:
            returns = kind == RecordKind.CHANGED and not self.waits
            self.waits, self.position = True, record.position or self.position
            joined = record.seq if kind == RecordKind.JOINED else self.order[2]
            self.order = (-record.score, record.rank, joined)
            self.least = record.least
            if kind == RecordKind.JOINED:
                self.confirmed = record.confirmed
            if returns:
                self.passes = 0
            self.tell("returned" if returns else kind, record)
        elif kind == RecordKind.CONFIRMED:
            self.confirmed, self.passes = True, 0
            self.tell(kind, record)
        elif kind == RecordKind.OVERRIDE and record.rank is None:
            self.announced[self.ref] = record.reason
        elif kind == RecordKind.OVERRIDE:
            self.order = (-record.score, record.rank, self.order[2])
            before, self.position = self.position, record.position or self.position
            self.tell("moved", record, before=before)
        elif kind in RESTS:
            before, self.waits = self.position, False
            reason = self.announced.pop(self.ref, "") or record.reason or ""
            self.tell(kind, record, before=before, reason=reason)
        else:
            self.tell(kind, record, before=self.rules)

    # ── Other places ────────────────────────────────────────────────────────
    def is_ahead(self, other: Other) -> bool:
        return other.order < self.order

    def other(self, record: Any) -> None:
        kind, other = record.kind, self.others.get(record.ref)
        if other is None:
            self._other_joined(record)
        elif kind == RecordKind.OVERRIDE:
            self._other_override(record, other)
        elif kind == RecordKind.OFFERED:
            self._other_offered(record, other)
        elif kind == RecordKind.LEFT:
            self._rest(other, "ahead_left", record)
        elif kind == RecordKind.CHANGED and not other.waits:
            other.waits = True
            if self.is_ahead(other):
                self._step_back("ahead_returned", record)
        elif kind in (RecordKind.LAPSED, RecordKind.DECLINED) and other.was_ahead:
            self.tell(f"ahead_{kind}", record)
        elif kind == RecordKind.RESERVED and self.is_ahead(other) and self.rules.skips:
            self.tell("ahead_reserved", record)

    def _other_joined(self, record: Any) -> None:
        if record.kind == RecordKind.JOINED:
            other = self.others[record.ref] = Other((-record.score, record.rank, record.seq))
            if self.is_ahead(other):
                self._step_back("ahead_joined", record)

    def _step_back(self, kind: str, record: Any) -> None:
        if self.position is not None:
            self.position += 1
        # What the record begins with was there before.
        if self.waits and not self._is_carried_over(record):
            self.tell(kind, record)

    def _rest(self, other: Other, kind: str, record: Any, **facts: Any) -> None:
        """Let another place wait no more; told where it was ahead."""
        was_ahead = other.was_ahead = other.waits and self.is_ahead(other)
        other.waits = False
        if was_ahead and self.position is not None:
            self.position -= 1
        if was_ahead and self.waits and kind:
            self.tell(kind, record, **facts)

    def _other_override(self, record: Any, other: Other) -> None:
        if record.rank is None:
            self.announced[record.ref] = record.reason
            return
        was_ahead = other.waits and self.is_ahead(other)
        other.order = (-record.score, record.rank, other.order[2])
        is_ahead = other.waits and self.is_ahead(other)
        if self.position is not None:
            self.position += is_ahead - was_ahead
        if self.waits:
            self.tell("other_moved", record, before=was_ahead - is_ahead)

    def _other_offered(self, record: Any, other: Other) -> None:
        reason = self.announced.pop(record.ref, "")
        is_behind = not self.is_ahead(other)
        if reason == CARRIED_OVER:
            self._rest(other, "", record)
            return
        passed = self.waits and is_behind
        if passed and self.confirmed:
            self.passes += 1
        if reason:
            self._rest(other, "", record)
            if self.waits:
                self.tell("other_offered", record, reason=reason, before=is_behind)
        elif passed:
            other.waits, other.was_ahead = False, False
            self.tell("passed_offer" if self.confirmed else "passed_unconfirmed", record)
        else:
            self._rest(other, "ahead_offered", record)

    # ── The whole waitlist ──────────────────────────────────────────────────
    def shared(self, record: Any) -> None:
        if record.kind == RecordKind.BOOKED and self.waits and self.confirmed:
            self.passes += 1
            self.tell("passed_sale", record)
        elif record.kind == RecordKind.RULES:
            self.tell(record.kind, record, before=self.rules)
        elif record.kind == RecordKind.CAPACITY:
            self.tell(record.kind, record, before=self.seats)
        elif record.kind in (RecordKind.DRAW, RecordKind.VOID) and self.waits:
            self.tell(record.kind, record)
        if record.kind in RULES:
            self.rules = record
        if record.kind in SEATS:
            self.seats = record

    def frozen(self, record: Any, draw: Draw) -> None:
        """Tell whether the place takes part in a draw."""
        if self.waits:
            self.tell(record.kind, record, before=self.ref in (draw.refs or ()))

    def drawn(self, record: Any, draw: Draw, others: dict[str, Other]) -> None:
        """Rank the places by their lots. others: all places before the draw."""
        places = drawing.places(draw.seed or "", draw.refs or ())
        self.others = others
        for ref, place in places.items():
            # As in `evently_draw_step`: a millisecond apart.
            rank = record.rank + timedelta(milliseconds=place - 1)
            if ref == self.ref and self.waits:
                self.order = (self.order[0], rank, self.order[2])
            elif (other := others.get(ref)) is not None and other.waits:
                other.order = (other.order[0], rank, other.order[2])
        if self.waits:
            ahead = sum(other.waits and self.is_ahead(other) for other in others.values())
            self.position = ahead + 1
            own = (places[self.ref], draw.lots) if self.ref in places else None
            self.tell(record.kind, record, before=own)

    def _is_carried_over(self, record: Any) -> bool:
        return record.kind == RecordKind.JOINED and record.position is None


def story_of(*, event_id: UUID, ref: str, is_open: bool) -> Story:
    """Return the story of a place from its joining on; is_open: it still waits or has an offer.

    Reads the records since it joined, and earlier ones of the places that these are about.
    """
    story = Story(ref)
    rows = LineEvent.objects.filter(event_id=event_id)
    mine = rows.filter(ref=ref).order_by("seq")
    first, last = mine.first(), mine.last()
    if first is None or last is None:
        return story
    since = rows.filter(seq__gte=first.seq, **({} if is_open else {"seq__lte": last.seq}))
    records = _read(_without_silent(rows, since, mine=mine))
    story.rules = rows.filter(seq__lt=first.seq, kind__in=RULES).order_by("-seq").first()
    story.seats = rows.filter(seq__lt=first.seq, kind__in=SEATS).order_by("-seq").first()
    story.causes = _causes(rows, records)
    story.others = _earlier(rows, since, before=first)
    for record in records:
        position = story.position
        if record.ref == ref:
            story.own(record)
            if record is records[0] and record.position is None:
                story.position = _position(rows, record, opened=story.rules)
                story.happenings[-1] = replace(story.happenings[-1], position=story.position)
        elif record.ref:
            story.other(record)
        elif record.kind in (RecordKind.FROZEN, RecordKind.DRAWN):
            _draw_step(story, rows, record, event_id)
        else:
            story.shared(record)
        if story.position != position:
            story.position_at = record.at
    return story


def _without_silent(rows: Any, since: Any, *, mine: Any) -> Any:
    """Leave out who joined behind a place and has done nothing else: most of a long waitlist.

    mine: the records of the place. A draw may have moved it behind them.
    """
    if since.filter(kind=RecordKind.DRAWN).exists():
        return since
    last = mine.aggregate(score=Min("score"), rank=Max("rank"))
    once = rows.filter(ref__isnull=False).values("ref").annotate(Count("seq")).filter(seq__count=1)
    behind = Q(score__lt=last["score"]) | Q(score=last["score"], rank__gt=last["rank"])
    return since.exclude(behind, kind=RecordKind.JOINED, ref__in=once.values("ref"))


def _draw_step(story: Story, rows: Any, record: Any, event_id: UUID) -> None:
    """Tell a step of a draw: of the one whose list it is, or of the one that is done."""
    which = Q(list_hash=record.list) if record.kind == RecordKind.FROZEN else Q(status="drawn")
    draw = Draw.objects.filter(which, event_id=event_id).order_by("number").first()
    if draw is None:
        return
    if record.kind == RecordKind.FROZEN:
        story.frozen(record, draw)
    elif draw.lots:
        before = _read(rows.filter(ref__isnull=False, seq__lt=record.seq).exclude(ref=story.ref))
        story.drawn(record, draw, _replayed(before))


def _read(rows: Any) -> Sequence[Any]:
    return list(rows.order_by("seq").values_list(*COLUMNS, named=True))


def _causes(rows: Any, records: Iterable[Any]) -> dict[int, Any]:
    """Return the records that freed the seats of offers, by number."""
    known = {record.seq: record for record in records}
    missing = {record.cause for record in records if record.cause} - known.keys()
    return known | {record.seq: record for record in _read(rows.filter(seq__in=missing))}


def _earlier(rows: Any, since: Any, *, before: Any) -> dict[str, Other]:
    """Return the places that records are about, as they were before the first of these."""
    others = since.filter(ref__isnull=False).exclude(ref=before.ref)
    return _replayed(_read(rows.filter(ref__in=others.values("ref"), seq__lt=before.seq)))


def _replayed(records: Iterable[Any]) -> dict[str, Other]:
    """Return the places that records are about, as they are after them."""
    others: dict[str, Other] = {}
    for record in records:
        if record.kind == RecordKind.JOINED:
            others[record.ref] = Other((-record.score, record.rank, record.seq))
        elif (other := others.get(record.ref)) is None:
            continue
        elif record.kind in WAITS:
            other.waits = True
        elif record.kind in RESTS:
            other.waits = False
        elif record.rank is not None:
            other.order = (-record.score, record.rank, other.order[2])
    return others


def _position(rows: Any, joined: Any, *, opened: Any) -> int:
    """Return the position of a place that is older than its record, where the record begins."""
    ahead = Q(score__gt=joined.score) | Q(score=joined.score, rank__lte=joined.rank)
    before = rows.filter(ahead, kind=RecordKind.JOINED, seq__lt=joined.seq)
    return int(before.filter(seq__gt=opened.seq if opened else 0).count()) + 1
