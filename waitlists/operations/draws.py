"""Draws: announced, frozen, drawn, or void and repeated. The database checks each step's time."""

import re
from datetime import datetime, timedelta
from uuid import UUID

from cryptography.exceptions import InvalidTag
from django.db import connection

from evently.audit.context import automatically
from evently.database.clock import now
from evently.errors import Conflict, Invalid, NotFound
from evently.privacy.sealing import WrappingKeyMissing, unwrap, wrap
from evently.transactions import refusing, run_in_transaction
from events.locks import lock_event
from events.models import Event
from waitlists import beacons
from waitlists.draw_models import CLOSED_BEFORE, TO_FREEZE, TO_REVEAL, Beacon, Draw, DrawStatus
from waitlists.drawing import commitment_of, new_secret
from waitlists.models import WaitlistEntry
from waitlists.operations.promotions import promote_waiting
from waitlists.signals import draw_announced, draw_done, draw_void

# From closing to the beacon: the list must be public before the beacon exists, also where the
# worker that freezes it is slow.
TO_BEACON = timedelta(minutes=10)
# How long a draw that repeats a void one can be joined, and places be confirmed for it.
REPEATED_AFTER = timedelta(hours=1)

CALLED_OFF = "called off by the organizer"
NOT_FROZEN = "the list was not frozen before the beacon"
NOT_REVEALED = "there was no result within an hour"


class DrawNotFound(NotFound):
    message = "This event has no draw."


class DrawExists(Conflict):
    """The event has a draw that is pending or done."""

    code = "draw_exists"
    message = "This event has a draw already."


class DrawTimes(Invalid):
    code = "draw_times"
    message = (
        "A draw must close in the future, while seats are on sale, and its result must be due at "
        "least 5 minutes later and at least 1 hour before the waitlist closes."
    )


class DrawClosed(Conflict):
    """It closed, so that its list is or will be frozen."""

    code = "draw_closed"
    message = "This draw has closed, so it can no longer be called off."


class DrawNotDue(Conflict):
    code = "draw_not_due"
    message = "This draw is not due yet."


class DrawOverdue(Conflict):
    """It was not revealed in time: it is void, and will be repeated."""

    code = "draw_overdue"
    message = "This draw had no result within an hour, so it is void and will be repeated."


def announce_draw(
    *,
    event_id: UUID,
    closes_at: datetime,
    beacon: Beacon = Beacon.DRAND,
    beacon_at: datetime | None = None,
    beacon_name: str = "",
) -> Draw:
    """Announce that the waitlist's order will be drawn: from now on, no seats are sold or offered.

    beacon_at: when the random number exists; by default, 10 minutes after `closes_at`. beacon_name:
    of numbers, which they are, such as "Lotto 6 aus 49, 5 December 2026".
    Raises EventNotFound, DrawExists, DrawTimes, Invalid, EventBusy.
    """
    beacon_name = beacon_name.strip()
    if beacon == Beacon.NUMBERS and not beacon_name:
        sentence = "Say which numbers of which drawing will be used, and in which order."
        raise Invalid(sentence, fields={"beacon_name": sentence})
    if beacon == Beacon.NUMBERS and "drand" in beacon_name.lower():
        sentence = "Choose drand as the source, or name the numbers without the word."
        raise Invalid(sentence, fields={"beacon_name": sentence})

    def work() -> Draw:
        event = lock_event(event_id)
        draw = _announce(
            event,
            closes_at=closes_at,
            beacon=beacon,
            beacon_at=beacon_at or closes_at + TO_BEACON,
            beacon_name=beacon_name,
        )
        draw_announced.send(sender=Draw, event=event, draw=draw)
        return draw

    return run_in_transaction(work)


def _announce(
    event: Event, *, closes_at: datetime, beacon: Beacon, beacon_at: datetime, beacon_name: str
) -> Draw:
    secret = new_secret()
    sealed, sealed_with = wrap(bytes.fromhex(secret), user_id=event.pk)
    number = None
    if beacon == Beacon.DRAND:
        number = beacons.round_from(beacon_at)
        beacon_at, beacon_name = beacons.time_of(number), beacons.name_of(number)
    draw = Draw(
        event=event,
        closes_at=closes_at,
        beacon=beacon,
        beacon_name=beacon_name,
        beacon_round=number,
        beacon_at=beacon_at,
        commitment=commitment_of(secret),
        sealed_secret=sealed,
        sealed_with=sealed_with,
    )
    with refusing(trg_draw_times=DrawTimes, chk_draw_times=DrawTimes, unq_draw_event=DrawExists):
        draw.save(force_insert=True)
    draw.refresh_from_db()
    event.refresh_from_db()
    draw.event = event
    return draw


def call_off_draw(*, event_id: UUID) -> Draw:
    """Call a draw off before it closes: the waitlist is served in the order of joining.

    Raises EventNotFound, DrawNotFound, DrawClosed, EventBusy.
    """

    def work() -> Draw:
        event = lock_event(event_id)
        draw = _pending(event)
        if draw.status != DrawStatus.OPEN or now() >= draw.closes_at:
            raise DrawClosed
        with refusing(trg_draw_void=DrawClosed):
            _void(event, draw, reason=CALLED_OFF, repeat=False)
        return draw

    return run_in_transaction(work)


def freeze_draw(*, event_id: UUID) -> Draw:
    """Freeze the list of those who take part, as the database computes it; its hash is published.

    Raises EventNotFound, DrawNotFound, DrawNotDue, DrawOverdue, EventBusy.
    """

    def work() -> Draw:
        event = lock_event(event_id)
        draw = _pending(event)
        if draw.status == DrawStatus.OPEN:
            with refusing(trg_draw_early=DrawNotDue, trg_draw_late=DrawOverdue):
                _update(draw, status=DrawStatus.FROZEN)
        return draw

    return run_in_transaction(work)


def reveal_draw(*, event_id: UUID, beacon_value: str) -> Draw:
    """Draw: reveal the secret, rank the places by lot, and offer the seats in that order at once.

    beacon_value: the randomness of drand's round, or the numbers of the lottery as typed.
    Raises EventNotFound, DrawNotFound, DrawNotDue, DrawOverdue, Invalid, EventBusy.
    """

    def work() -> Draw:
        event = lock_event(event_id)
        draw = _pending(event)
        if draw.status != DrawStatus.FROZEN:
            raise DrawNotDue
        value = beacon_value
        if draw.beacon == Beacon.NUMBERS:
            value = clean_numbers(beacon_value)
        refusals = refusing(
            trg_draw_early=DrawNotDue, trg_draw_late=DrawOverdue, chk_draw_value=Invalid
        )
        with automatically(connection), refusals:
            _update(draw, status=DrawStatus.DRAWN, secret=_secret_of(draw), beacon_value=value)
        event.refresh_from_db()
        draw.event = event
        promote_waiting(locked_event=event, reason="your place was drawn")
        drawn = WaitlistEntry.objects.filter(event_id=event.pk, draw_place__isnull=False)
        draw_done.send(sender=Draw, event=event, draw=draw, entries=list(drawn.waiting()))
        return draw

    return run_in_transaction(work)


def clean_numbers(text: str) -> str:
    """Return numbers as they are hashed: in the order typed, without leading zeros, by spaces.

    Raises Invalid where they are not 3 to 20 numbers of at most 4 digits.
    """
    numbers = re.split(r"[\s,;+.-]+", text.strip())
    if not 3 <= len(numbers) <= 20 or not all(re.fullmatch(r"[0-9]{1,4}", n) for n in numbers):
        sentence = "Enter 3 to 20 numbers, separated by spaces, as they were drawn."
        raise Invalid(sentence, fields={"beacon_value": sentence})
    return " ".join(str(int(number)) for number in numbers)


def advance_draw(*, event_id: UUID) -> None:
    """Take the step of an event's draw that is due. Raises EventBusy.

    drand is asked outside of transactions, so that a server that hangs holds up nothing else.
    """
    draw = Draw.objects.pending().filter(event_id=event_id).select_related("event").first()
    if draw is None:
        return
    at = now()
    if draw.is_overdue(at=at) or draw.event.line_closes_at <= at or not draw.event.is_active:
        end_overdue_draw(event_id=event_id)
    elif draw.status == DrawStatus.OPEN and at >= draw.closes_at:
        freeze_draw(event_id=event_id)
    elif draw.is_frozen and at >= draw.beacon_at and draw.beacon_round is not None:
        try:
            value = beacons.fetch_randomness(draw.beacon_round)
        except beacons.BeaconUnreachable:
            note_unreachable(event_id=event_id)
        else:
            reveal_draw(event_id=event_id, beacon_value=value)


def note_unreachable(*, event_id: UUID) -> None:
    """Note that drand could not be reached: the draw waits, and its hour begins anew."""

    def work() -> None:
        draw = _pending(lock_event(event_id))
        with refusing(trg_draw_late=DrawOverdue):
            _update(draw, unreachable_at=now())

    run_in_transaction(work)


def end_overdue_draw(*, event_id: UUID) -> Draw:
    """Declare a draw void that was not frozen or revealed in time, and announce its repetition.

    It is repeated by drand where the waitlist is open for long enough; otherwise the order of
    joining stands. Returns the void draw. Raises DrawNotFound, DrawNotDue, EventBusy.
    """

    def work() -> Draw:
        event = lock_event(event_id)
        draw = _pending(event)
        is_closed = not event.is_active or event.line_closes_at <= now()
        reason = NOT_FROZEN if draw.status == DrawStatus.OPEN else NOT_REVEALED
        with refusing(trg_draw_void=DrawNotDue):
            _void(event, draw, reason=CLOSED_BEFORE if is_closed else reason, repeat=not is_closed)
        return draw

    return run_in_transaction(work)


def _void(event: Event, draw: Draw, *, reason: str, repeat: bool) -> None:
    _update(draw, status=DrawStatus.VOID, void_reason=reason)
    event.refresh_from_db()
    closes_at = now() + REPEATED_AFTER
    again = None
    if repeat and closes_at + TO_BEACON + TO_REVEAL + TO_FREEZE <= event.line_closes_at:
        again = _announce(
            event,
            closes_at=closes_at,
            beacon=Beacon.DRAND,
            beacon_at=closes_at + TO_BEACON,
            beacon_name="",
        )
    else:
        promote_waiting(locked_event=event)
    draw_void.send(sender=Draw, event=event, draw=draw, again=again)


def _pending(event: Event) -> Draw:
    draw = Draw.objects.pending().filter(event_id=event.pk).first()
    if draw is None:
        raise DrawNotFound
    draw.event = event
    return draw


def _secret_of(draw: Draw) -> str:
    """Return a draw's secret. Raises WrappingKeyMissing, also where it cannot be opened."""
    try:
        return unwrap(draw.sealed_secret, draw.sealed_with, user_id=draw.event_id).hex()
    except InvalidTag as error:
        raise WrappingKeyMissing(draw.sealed_with) from error


def _update(draw: Draw, **changes: object) -> None:
    Draw.objects.filter(event_id=draw.event_id, pk=draw.pk).update(**changes)
    event = draw.event
    draw.refresh_from_db()
    draw.event = event
