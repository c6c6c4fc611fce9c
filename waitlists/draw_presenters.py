"""A draw as pages show it, and what it means for one place on the waitlist."""

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from django.urls import reverse

from evently.formatting import counted, moment_for
from evently.links import absolute
from evently.pages import Presenter
from evently.time_zones import zone_named
from events.models import Event
from waitlists import beacons, drawing
from waitlists.draw_queries import draws_of, frozen_draw, has_lot
from waitlists.models import Beacon, Draw, WaitlistEntry
from waitlists.record.words import short_hash

JOINING_LATE = "Anyone who joins now comes after everyone in the draw."


class DrawPresenter(Presenter):
    """The newest draw of an event, at a time. void: the one before, which it repeats, or None.

    stage: "open" until it closes; "closing" until its list is frozen; "frozen" until its random
    value exists; "due" from then on, or "unreachable" where drand could not be reached; "drawn",
    "void".
    """

    row: Draw

    def __init__(
        self,
        draw: Draw,
        *,
        event: Event,
        at: datetime,
        own_zone: ZoneInfo | None = None,
        void: Draw | None = None,
    ) -> None:
        super().__init__(draw)
        self.at, self.own_zone, self.void = at, own_zone, void
        self.zone = event.zone
        self.stage = _stage(draw, at=at)
        self.by_drand = draw.beacon == Beacon.DRAND

    def time(self, at: datetime) -> str:
        return moment_for(at, self.zone, self.own_zone)

    @property
    def is_open(self) -> bool:
        """Whether those who join now take part."""
        return self.stage == "open"

    @property
    def closes(self) -> str:
        return self.time(self.row.closes_at)

    @property
    def due(self) -> str:
        return self.time(self.row.beacon_at)

    @property
    def lots_text(self) -> str:
        return counted(self.row.lots or 0, "lot")

    @property
    def title(self) -> str:
        if self.is_open:
            return "Seats are drawn by lot"
        if self.stage == "closing":
            return "The list is being closed"
        if self.row.is_void:
            return f"Draw {self.row.number} is void"
        if self.row.is_drawn:
            return f"The order has been drawn from {self.lots_text}"
        return f"The list is closed, with {self.lots_text}"

    @property
    def texts(self) -> list[str]:
        """What it is now, and what happens next, in sentences."""
        return [*self._repeats, *self._stage_texts]

    @property
    def _repeats(self) -> list[str]:
        if self.void is None or not self.row.is_pending:
            return []
        return [
            f"Draw {self.void.number} is void: {self.void.void_reason}. "
            f"It is repeated as draw {self.row.number}, with new times. Everyone already on the "
            "waitlist with a confirmed place takes part again."
        ]

    @property
    def _stage_texts(self) -> list[str]:
        draw = self.row
        if self.is_open:
            return [
                f"Join until {self.closes}. Everyone with a confirmed place by then has the same "
                "chance; it does not matter who joins first.",
                f"The result is due on {self.due}. Seats are then offered in the order drawn, and "
                "what is left goes on sale. Until then, no seats are sold.",
            ]
        if self.stage in ("closing", "frozen"):
            return [f"The result is due on {self.due}. {JOINING_LATE}"]
        if self.stage == "unreachable":
            since = self.time(draw.unreachable_at or draw.beacon_at)
            return [
                f"The result was due on {self.due}, but drand, the public service that supplies "
                f"the random value, could not be reached (last tried on {since}). The draw takes "
                "place as soon as it can be.",
                JOINING_LATE,
            ]
        if self.stage == "due":
            return [f"The result was due on {self.due}. {self._due_text}", JOINING_LATE]
        if draw.is_void:
            order = " Seats are offered in the order in which people joined."
            return [f"Reason: {draw.void_reason}.{order if draw.leaves_order_of_joining else ''}"]
        return ["Seats are offered in the order drawn. Anyone can check the result."]

    @property
    def state_text(self) -> str:
        """What it is now, in the first of its sentences."""
        return self._stage_texts[0]

    @property
    def _due_text(self) -> str:
        if self.by_drand:
            return "It appears here as soon as the random value has been fetched."
        until = self.time(self.row.reveal_by or self.row.beacon_at)
        return (
            f"The organizer enters the numbers by {until}; if not, the draw is void and repeated."
        )

    # ── What it can be checked by ───────────────────────────────────────────
    @property
    def beacon_url(self) -> str:
        """The round of drand; "" for other random values."""
        return beacons.url_of(self.row.beacon_round) if self.row.beacon_round else ""

    @property
    def list_url(self) -> str:
        """Where the list is published; "" until it is frozen."""
        if self.row.lots is None:
            return ""
        url = reverse("api_draw_list", args=[self.row.event_id])
        # A draw that is done is the newest for good.
        return absolute(url if self.row.is_drawn else f"{url}?number={self.row.number}")

    @property
    def short_commitment(self) -> str:
        return short_hash(self.row.commitment)

    @property
    def short_list_hash(self) -> str:
        return short_hash(self.row.list_hash)


def _stage(draw: Draw, *, at: datetime) -> str:
    if not draw.is_pending:
        return str(draw.status)
    if not draw.is_frozen:
        return "open" if at < draw.closes_at else "closing"
    if at < draw.beacon_at:
        return "frozen"
    return "unreachable" if draw.unreachable_at else "due"


def draw_of(
    event: Event, *, at: datetime, user: Any = None, own_zone: ZoneInfo | None = None
) -> DrawPresenter | None:
    """Return the newest draw of an event, or None; user: whose time zone to add."""
    draws = draws_of(event.pk)
    if not draws:
        return None
    if user is not None and user.is_authenticated:
        own_zone = own_zone or zone_named(user.timezone)
    newest, before = draws[0], draws[1] if len(draws) > 1 else None
    return DrawPresenter(newest, event=event, at=at, own_zone=own_zone, void=before)


# ── One place ───────────────────────────────────────────────────────────────
@dataclass(frozen=True)
class OwnLot:
    """What a draw means for a place. place: as drawn, or None. command: computes it, or ""."""

    title: str
    text: str
    tone: str = ""
    place: int | None = None
    command: str = ""


class OwnDraw:
    """A draw for the owner of a waitlist entry."""

    def __init__(self, draw: DrawPresenter, entry: WaitlistEntry) -> None:
        self.draw, self.entry = draw, entry

    @cached_property
    def lot(self) -> OwnLot | None:
        """What to say on the page of the place; None where the draw does not concern it."""
        draw, entry = self.draw, self.entry
        if draw.is_void or entry.ref is None:
            return None
        if draw.is_drawn:
            return self._drawn()
        if not entry.is_waiting:
            return None
        return self._frozen() if draw.is_frozen else self._before()

    def _before(self) -> OwnLot:
        draw = self.draw
        if self._is_too_late:
            return OwnLot("You are not in the draw", self._why_no_lot)
        if self.entry.is_confirmed:
            text = (
                "You have the same chance as everyone else, no matter when you joined. The result "
                f"is due on {draw.due}. You need not do anything until then; you will be notified."
            )
            return OwnLot("You are in the draw", text, tone="good")
        text = f"You take part only if your place is confirmed before {draw.closes}."
        return OwnLot("Confirm your place to take part in the draw", text, tone="waiting")

    def _frozen(self) -> OwnLot:
        draw = self.draw
        if not has_lot(draw.row, self.entry.ref):
            return OwnLot("You are not in the draw", self._why_no_lot)
        mine = "yours is the only one" if draw.lots == 1 else "one of them is yours"
        text = (
            f"The list is closed, with {draw.lots_text}; {mine}. The result is due on {draw.due}."
        )
        if draw.stage in ("due", "unreachable"):
            text = draw.state_text
        return OwnLot("You are in the draw", text, tone="good")

    def _drawn(self) -> OwnLot | None:
        draw, entry = self.draw, self.entry
        place = entry.draw_place or self._place_of_left
        if place is None:
            if not entry.is_waiting:
                return None
            return OwnLot("You had no lot in the draw", self._why_no_lot)
        title = f"Place {place} of {draw.lots} in the draw"
        if entry.draw_place is None:
            text = "This was your lot. You left the waitlist before the draw, so it was passed."
            return OwnLot(title, text, place=place, command=self._command)
        text = "Seats are offered in this order. You can check your place yourself."
        return OwnLot(title, text, tone="good", place=place, command=self._command)

    @property
    def _command(self) -> str:
        return drawing.command(self.draw.list_url, self.draw.seed or "", self.entry.ref or "")

    @property
    def _place_of_left(self) -> int | None:
        """The place of a lot whose owner was no longer waiting when the order was drawn."""
        entry = self.entry
        if entry.is_waiting or not has_lot(self.draw.row, entry.ref):
            return None
        draw = frozen_draw(entry.event_id, number=self.draw.number)
        if draw is None:
            return None
        return drawing.places(draw.seed or "", draw.refs or ())[entry.ref or ""]

    @property
    def _is_too_late(self) -> bool:
        closes_at, entry = self.draw.row.closes_at, self.entry
        if self.draw.is_open:
            return False
        at = entry.confirmed_at
        return entry.joined_at >= closes_at or at is None or at >= closes_at

    @property
    def _why_no_lot(self) -> str:
        draw, entry = self.draw, self.entry
        why = f"Your place was not waiting when the list was closed, on {draw.closes}."
        if entry.joined_at >= draw.row.closes_at:
            why = f"You joined after the list was closed, on {draw.closes}."
        elif entry.confirmed_at is None or entry.confirmed_at >= draw.row.closes_at:
            why = f"Your place was not confirmed before {draw.closes}."
        return f"{why} You rank behind the places that are drawn, by the time of joining."
