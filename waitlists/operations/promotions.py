"""Offers: made in the transaction that frees the seats; then accepted, declined or expired."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Exists, OuterRef, Subquery

from bookings.models import Booking
from bookings.operations import book_held_seats, log_refused_attempt
from evently.audit.context import automatically
from evently.database.clock import now
from evently.database.functions import Clock
from evently.database.identity import as_worker
from evently.database.ids import uuid7
from evently.database.prepared import PreparedQuery
from evently.errors import Conflict, Invalid
from evently.idempotency.keys import Idempotency
from evently.origin import Origin
from evently.transactions import RetryTransaction, refusing, run_in_transaction
from events.attendance import terms_of
from events.locks import EventNotFound, lock_event
from events.models import Event
from events.operations import SalesClosed
from events.sale import RESERVES_UNTIL
from waitlists.choosing import choose_entries
from waitlists.claim_windows import lies_in_night, offer_window
from waitlists.locks import PromotionNotFound, lock_entry, lock_promotion
from waitlists.models import (
    EntryStatus,
    Line,
    Promotion,
    PromotionStatus,
    WaitlistEntry,
    WaitlistQuerySet,
)
from waitlists.operations import reaching
from waitlists.queries import confirmed_counts, offer_of_event
from waitlists.signals import entries_closed, promotions_ended, promotions_made

# Stored with the offer, and shown to the attendee as "Because …." (`waitlists.receipt`).
SEATS_FREED = "seats became available"

WAITED_FOR = PreparedQuery(
    lambda event_id: Event.objects.annotate(
        clock=Clock(),
        confirmed=Subquery(confirmed_counts(event_id=OuterRef("pk"))),
        has_overdue=Exists(_overdue_entries(event_id=OuterRef("pk"))),
    ).filter(pk=event_id),
    event_id=UUID,
)


class PromotionExpired(Conflict):
    """The offer was not accepted in time."""

    code = "promotion_expired"
    message = "This offer has expired."


class PromotionClosed(Conflict):
    """The offer has been accepted or declined."""

    code = "promotion_closed"
    message = "This offer has already been claimed or declined."


@as_worker()
def promote_waiting(*, locked_event: Event, reason: str = SEATS_FREED) -> list[Promotion]:
    """Offer free seats to the confirmed entries that fit, in order; return the offers.

    `waitlists.choosing` says which. The database counts the entries that are passed, and refuses
    offers out of order (`trg_offer_order`). Takes a fixed number of statements, however many
    offers are made. reason: stored with the offers, see `SEATS_FREED`.
    """
    event, at, waiting = _state_of(locked_event)
    if event.available_seats == 0 or not event.is_line_open(at=at):
        return []
    if event.has_pending_draw:
        return []
    if not waiting or offer_window(event, at=at, waiting=waiting) is None:
        return []
    chosen = _choose_entries(locked_event=event, at=at)
    if not chosen:
        return []
    with automatically(connection):  # the user who freed the seats did not choose who gets them
        return _make_offers(event=event, chosen=chosen, at=at, waiting=waiting, reason=reason)


def _state_of(locked_event: Event) -> tuple[Event, datetime, int]:
    """Return the event as it is now, the time, and how many confirmed entries wait.

    Overdue entries are closed before. The caller's row may be older than the seats that triggers
    have moved since.
    """
    event = WAITED_FOR.first(event_id=locked_event.pk)
    if event is not None and vars(event)["has_overdue"]:
        close_overdue_entries(locked_event=event)
        event = WAITED_FOR.first(event_id=locked_event.pk)
    if event is None:
        raise EventNotFound
    return event, vars(event)["clock"], vars(event)["confirmed"] or 0


def _make_offers(
    *,
    event: Event,
    chosen: list[tuple[WaitlistEntry, int]],
    at: datetime,
    waiting: int,
    reason: str,
) -> list[Promotion]:
    offers = [
        Promotion(
            waitlist=entry,
            event=event,
            user_id=entry.user_id,
            quantity=seats,
            unit_price=min(entry.unit_price, event.current_price),
            promoted_at=at,
            promotion_reason=reason,
            **window_columns(event, entry, at=at, waiting=waiting),
        )
        for entry, seats in chosen
    ]
    WaitlistEntry.objects.filter(
        event_id=event.pk, pk__in=[entry.pk for entry, _ in chosen]
    ).update(status=EntryStatus.PROMOTED)
    # Sales may have ended since the clock was read; the retry then finds nothing to offer.
    with refusing(trg_sales_open=RetryTransaction):
        promotions = Promotion.objects.bulk_create(offers)
    promotions_made.send(sender=Promotion, event=event, promotions=promotions)
    return promotions


def window_columns(
    event: Event, entry: WaitlistEntry, *, at: datetime, waiting: int
) -> dict[str, Any]:
    """Return how long an offer to an entry holds its seats, as columns of a promotion.

    waiting: confirmed entries. Raises SalesClosed where too little time is left for an offer.
    """
    zone = entry.own_zone
    window = offer_window(event, at=at, waiting=waiting, zone=zone, lapses=entry.lapses)
    if window is None:
        raise SalesClosed
    return {
        "expires_at": window.expires_at,
        "window_minutes": window.minutes,
        "is_at_night": lies_in_night(event, at, window.expires_at, zone=zone),
    }


def _choose_entries(*, locked_event: Event, at: datetime) -> list[tuple[WaitlistEntry, int]]:
    """Return the entries that get an offer, in waitlist order, each with its number of seats."""
    free = locked_event.available_seats
    reserves = at < locked_event.line_closes_at - RESERVES_UNTIL
    max_passes = locked_event.max_passes if reserves else None
    line = Line.objects.filter(event_id=locked_event.pk).first()
    sold = line.public_sales if line else 0
    entries = WaitlistEntry.objects.filter(event_id=locked_event.pk).with_passes(sold)
    choices = choose_entries(
        entries.to_consider(free=free, max_passes=max_passes)
        .in_waitlist_order()
        .iterator(chunk_size=200),
        free=free,
        capacity=locked_event.total_capacity,
        max_passes=max_passes,
    )
    return [(choice.entry, choice.seats) for choice in choices]


def _overdue_entries(*, event_id: Any) -> WaitlistQuerySet:
    return WaitlistEntry.objects.filter(event_id=event_id, expires_at__lte=Clock()).waiting()


def close_overdue_entries(*, locked_event: Event) -> None:
    """Close waiting entries whose `expires_at` has passed, so that they get no offer."""
    overdue = list(_overdue_entries(event_id=locked_event.pk))
    if not overdue:
        return
    with automatically(connection):
        WaitlistEntry.objects.filter(
            event_id=locked_event.pk, pk__in=[entry.pk for entry in overdue]
        ).update(status=EntryStatus.EXPIRED)
        entries_closed.send(
            sender=WaitlistEntry, event=locked_event, entries=overdue, reason="waiting time over"
        )


def accept_promotion(
    *,
    event_id: UUID,
    promotion_id: UUID,
    origin: Origin,
    quantity: int | None = None,
    idempotency: Idempotency | None = None,
) -> Booking:
    """Accept an offer: the seats it holds become a booking, at the offered price or less.

    quantity: seats to book, by default all that are offered. Fewer seats were not wanted, so the
    rest goes to the next entries at once, and the entry ends. Having taken all of an offer that
    was smaller than asked for, the entry waits for the rest, at its place.
    Raises PromotionNotFound, PromotionExpired (by the database's clock), PromotionClosed, Invalid
    (quantity), SalesClosed, EventBusy; Replayed (`idempotency`).
    """
    offer = offer_of_event(event_id=event_id, promotion_id=promotion_id)
    if offer is None:
        raise PromotionNotFound
    seats = offer.quantity if quantity is None else quantity

    def accept() -> Booking:
        event = lock_event(event_id)
        promotion = lock_promotion(locked_event=event, promotion_id=promotion_id)
        if not event.is_active:
            raise SalesClosed
        _check_open(promotion)
        _check_accepted_quantity(seats, promotion)
        booking_id = uuid7()
        with refusing(trg_promotion_time=PromotionExpired):
            Promotion.objects.filter(event_id=event.pk, pk=promotion.pk).update(
                status=PromotionStatus.USED,
                booking_id=booking_id,
                accepted_quantity=seats if seats < promotion.quantity else None,
            )
        # Before the booking is announced: its confirmation says what becomes of the place.
        _end_entry_of_accepted(promotion, seats=seats)
        at = now()
        booking = book_held_seats(
            locked_event=event,
            booking_id=booking_id,
            user_id=promotion.user_id,
            quantity=seats,
            unit_price=min(promotion.unit_price, event.current_price),
            origin=origin,
            at=at,
            terms=terms_of(event, at=at),
        )
        # The rest, and seats freed meanwhile, may fit entries; this one too if it waits on.
        promote_waiting(locked_event=event)
        return booking

    with log_refused_attempt(
        event_id=event_id, user_id=offer.user_id, quantity=seats, origin=origin
    ):
        return run_in_transaction(accept, idempotency=idempotency)


def _check_accepted_quantity(seats: int, promotion: Promotion) -> None:
    if not 1 <= seats <= promotion.quantity:
        offered = promotion.quantity
        sentence = f"Enter from 1 to {offered}: so many seats are held for you."
        if offered == 1:
            sentence = "Enter 1: one seat is held for you."
        raise Invalid(sentence, fields={"quantity": sentence})


def _end_entry_of_accepted(promotion: Promotion, *, seats: int) -> None:
    """End the entry, or let it wait for the seats that it asked for and was not offered."""
    entry = lock_entry(locked_event=promotion.event, entry_id=promotion.waitlist_id)
    entries = WaitlistEntry.objects.filter(event_id=promotion.event_id, pk=entry.pk)
    missing = entry.quantity - promotion.quantity
    if missing and seats == promotion.quantity:
        entries.update(status=EntryStatus.WAITING, quantity=missing, min_quantity=1)
    else:
        entries.update(status=EntryStatus.BOOKED)


def decline_promotion(
    *, event_id: UUID, promotion_id: UUID, idempotency: Idempotency | None = None
) -> Promotion:
    """Decline an offer; in the same transaction, its seats go to the waitlist, or back on sale.

    Having declined fewer seats than asked for, the entry keeps its place, and needs more than
    these from now on.
    Raises PromotionNotFound, PromotionExpired, PromotionClosed, EventBusy; Replayed
    (`idempotency`).
    """

    def work() -> Promotion:
        locked_event = lock_event(event_id)
        promotion = lock_promotion(locked_event=locked_event, promotion_id=promotion_id)
        _check_open(promotion)
        if now() >= promotion.expires_at:
            raise PromotionExpired
        end_offers(
            locked_event=locked_event,
            promotions=[promotion],
            status=PromotionStatus.DECLINED,
            keep_place=True,
        )
        promote_waiting(locked_event=locked_event)
        return lock_promotion(locked_event=locked_event, promotion_id=promotion_id)

    return run_in_transaction(work, idempotency=idempotency)


def end_offers(
    *,
    locked_event: Event,
    promotions: Sequence[Promotion],
    status: PromotionStatus,
    keep_place: bool = False,
    unreached: Sequence[Promotion] = (),
) -> None:
    """End pending offers of an event without a booking, and their entries with them.

    status: DECLINED, which makes the entries LEFT, or EXPIRED, which makes them EXPIRED.
    keep_place: entries that asked for more seats than they were offered wait on. unreached: those
    of which nothing has reached the person.
    """
    is_declined = status == PromotionStatus.DECLINED
    entry_status = EntryStatus.LEFT if is_declined else EntryStatus.EXPIRED
    for some, columns in (
        ([each for each in promotions if each not in unreached], {}),
        (unreached, {"is_unreached": True}),
    ):
        if some:
            Promotion.objects.filter(
                event_id=locked_event.pk, pk__in=[promotion.pk for promotion in some]
            ).update(status=status, **columns)
    entries = WaitlistEntry.objects.filter(event_id=locked_event.pk, status=EntryStatus.PROMOTED)
    if keep_place:
        for promotion in promotions:
            entries.filter(pk=promotion.waitlist_id, quantity__gt=promotion.quantity).update(
                status=EntryStatus.WAITING, min_quantity=promotion.quantity + 1
            )
    entries.filter(pk__in=[promotion.waitlist_id for promotion in promotions]).update(
        status=entry_status
    )
    for promotion in promotions:
        promotion.status = status
    promotions_ended.send(sender=Promotion, event=locked_event, promotions=list(promotions))


def expire_promotions(*, event_id: UUID) -> int:
    """End an event's expired offers and promote the next entries; return how many ended.

    Those whose message came late or not at all get more time first, once (`reaching`).
    """

    def work() -> int:
        locked_event = lock_event(event_id)
        overdue = list(
            Promotion.objects.filter(
                event_id=event_id, status=PromotionStatus.PENDING, expires_at__lte=Clock()
            )
            .select_related("waitlist")
            .order_by("pk")
        )
        ending, unreached = reaching.follow_overdue(locked_event, overdue)
        if ending:
            end_offers(
                locked_event=locked_event,
                promotions=ending,
                status=PromotionStatus.EXPIRED,
                unreached=unreached,
            )
            promote_waiting(locked_event=locked_event)
        return len(ending)

    return run_in_transaction(work)


def repair_waitlist(*, event_id: UUID) -> int:
    """Make the offers of an event that were missed; return how many."""
    return run_in_transaction(lambda: len(promote_waiting(locked_event=lock_event(event_id))))


def _check_open(promotion: Promotion) -> None:
    """Raise PromotionExpired or PromotionClosed for an offer that has ended.

    Whether a pending offer has just expired is decided by the trigger (`trg_promotion_time`), on
    the database's clock.
    """
    if promotion.status == PromotionStatus.EXPIRED:
        raise PromotionExpired
    if not promotion.is_pending:
        raise PromotionClosed
