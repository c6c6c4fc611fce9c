"""Offers: made in the transaction that frees the seats, claimed, declined, or run out."""

from collections.abc import Sequence
from uuid import UUID

from django.db import connection

from bookings.models import Booking
from bookings.operations import book_held_seats, log_refused_attempt
from evently.database.clock import now
from evently.database.functions import Clock
from evently.database.ids import uuid7
from evently.errors import Conflict
from evently.idempotency.keys import Idempotency
from evently.origin import Origin
from evently.transactions import RetryTransaction, refusing, run_in_transaction
from events.locks import lock_event
from events.models import Event
from events.operations import SalesClosed
from waitlists.claim_windows import offer_window
from waitlists.locks import PromotionNotFound, lock_promotion
from waitlists.models import EntryStatus, Promotion, PromotionStatus, WaitlistEntry
from waitlists.signals import entries_closed, promotions_ended, promotions_made

SEATS_FREED = "seats came free"


class PromotionExpired(Conflict):
    """The offer's time is over; its seats went to the next in line."""

    code = "promotion_expired"
    message = (
        "The time for this offer is over, and the seats went to the next in line. "
        "You can join the waitlist again."
    )


class PromotionClosed(Conflict):
    """The offer was claimed or declined already."""

    code = "promotion_closed"
    message = "This offer was answered already."


def promote_waiting(*, locked_event: Event, reason: str = SEATS_FREED) -> list[Promotion]:
    """Offer free seats to those in line who fit, in order, in a fixed number of statements.

    An entry fits if its `min_quantity` is free, and is offered as many as it asked for, if they
    are there. One that does not fit keeps its place; `passed_over` counts the offers made to
    later ones meanwhile.
    """
    event = Event.objects.annotate(clock=Clock()).get(pk=locked_event.pk)
    close_overdue_entries(locked_event=event)
    window = offer_window(event, at=event.clock) if event.is_on_sale(at=event.clock) else None
    if window is None or event.available_seats == 0:
        return []
    chosen = _choose(event)
    if not chosen:
        return []
    _count_passed_over(event, [place.position or 0 for place, _ in chosen])
    WaitlistEntry.objects.filter(
        event_id=event.pk, pk__in=[place.pk for place, _ in chosen]
    ).update(status=EntryStatus.PROMOTED)
    offers = [
        Promotion(
            waitlist=place,
            event=event,
            user_id=place.user_id,
            quantity=seats,
            unit_price=min(place.unit_price, event.current_price),
            promoted_at=event.clock,
            expires_at=window.expires_at,
            window_minutes=window.minutes,
            promotion_reason=reason,
        )
        for place, seats in chosen
    ]
    # Sales that ended since the clock was read: the next try sees that there is nothing to offer.
    with refusing(trg_sales_open=RetryTransaction):
        promotions = Promotion.objects.bulk_create(offers)
    promotions_made.send(sender=Promotion, event=event, promotions=promotions)
    return promotions


def _choose(event: Event) -> list[tuple[WaitlistEntry, int]]:
    """Return who is offered how many of the free seats, in line order."""
    free = event.available_seats
    chosen: list[tuple[WaitlistEntry, int]] = []
    line = WaitlistEntry.objects.filter(event_id=event.pk).fitting(free).in_line_order()
    # Each offer takes at least one seat, so no more rows than free seats can be chosen; the
    # iterator reads on only while somebody further back may fit into what is left.
    for place in line.iterator(chunk_size=200):
        if free == 0:
            break
        if place.min_quantity <= free:
            seats = min(place.quantity, free)
            chosen.append((place, seats))
            free -= seats
    return chosen


def _count_passed_over(event: Event, positions: Sequence[int]) -> None:
    """Count, for those who stay in line, the offers made to later ones."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE waitlists w SET passed_over = passed_over + ("
            "   SELECT count(*) FROM unnest(%(positions)s::int[]) p WHERE p > w.position)"
            " WHERE event_id = %(event)s AND status = 'waiting'"
            "   AND position < %(last)s AND position <> ALL(%(positions)s::int[])",
            {"positions": list(positions), "event": event.pk, "last": max(positions)},
        )


def close_overdue_entries(*, locked_event: Event) -> None:
    """Close entries whose own time is over, so that they hold nobody up."""
    overdue = list(
        WaitlistEntry.objects.filter(event_id=locked_event.pk, expires_at__lte=Clock()).waiting()
    )
    if not overdue:
        return
    WaitlistEntry.objects.filter(
        event_id=locked_event.pk, pk__in=[place.pk for place in overdue]
    ).update(status=EntryStatus.EXPIRED)
    entries_closed.send(
        sender=WaitlistEntry, event=locked_event, entries=overdue, reason="waiting time over"
    )


def accept_promotion(
    *, event_id: UUID, promotion_id: UUID, origin: Origin, idempotency: Idempotency | None = None
) -> Booking:
    """Accept an offer: the seats it holds become a booking, at the offered price or less.

    Raises PromotionNotFound, PromotionExpired (by the database's clock), PromotionClosed,
    SalesClosed, EventBusy; Replayed (`idempotency`).
    """
    offer = Promotion.objects.filter(event_id=event_id, pk=promotion_id).first()
    if offer is None:
        raise PromotionNotFound

    def accept() -> Booking:
        event = lock_event(event_id)
        promotion = lock_promotion(locked_event=event, promotion_id=promotion_id)
        if not event.is_active:
            raise SalesClosed
        _check_open(promotion)
        booking_id = uuid7()
        with refusing(trg_promotion_time=PromotionExpired):
            Promotion.objects.filter(event_id=event.pk, pk=promotion.pk).update(
                status=PromotionStatus.USED, booking_id=booking_id
            )
        booking = book_held_seats(
            locked_event=event,
            booking_id=booking_id,
            user_id=promotion.user_id,
            quantity=promotion.quantity,
            unit_price=min(promotion.unit_price, event.current_price),
            origin=origin,
        )
        WaitlistEntry.objects.filter(event_id=event.pk, pk=promotion.waitlist_id).update(
            status=EntryStatus.BOOKED
        )
        return booking

    with log_refused_attempt(
        event_id=event_id, user_id=offer.user_id, quantity=offer.quantity, origin=origin
    ):
        return run_in_transaction(accept, idempotency=idempotency)


def decline_promotion(
    *, event_id: UUID, promotion_id: UUID, idempotency: Idempotency | None = None
) -> Promotion:
    """Let an offer go; its seats go to the next in line at once.

    Raises PromotionNotFound, PromotionExpired, PromotionClosed, EventBusy.
    """

    def work() -> Promotion:
        event = lock_event(event_id)
        promotion = lock_promotion(locked_event=event, promotion_id=promotion_id)
        _check_open(promotion)
        if now() >= promotion.expires_at:
            raise PromotionExpired
        end_offer(locked_event=event, promotion=promotion, status=PromotionStatus.DECLINED)
        promote_waiting(locked_event=event)
        promotion.refresh_from_db()
        promotion.event = event
        return promotion

    return run_in_transaction(work, idempotency=idempotency)


def end_offer(*, locked_event: Event, promotion: Promotion, status: PromotionStatus) -> None:
    """End one offer without a booking, and its entry with it."""
    end_offers(locked_event=locked_event, promotions=[promotion], status=status)


def end_offers(
    *, locked_event: Event, promotions: Sequence[Promotion], status: PromotionStatus
) -> None:
    """End offers of a locked event without bookings; declined entries left, others expired."""
    fate = EntryStatus.LEFT if status == PromotionStatus.DECLINED else EntryStatus.EXPIRED
    Promotion.objects.filter(
        event_id=locked_event.pk, pk__in=[promotion.pk for promotion in promotions]
    ).update(status=status)
    WaitlistEntry.objects.filter(
        event_id=locked_event.pk,
        pk__in=[promotion.waitlist_id for promotion in promotions],
        status=EntryStatus.PROMOTED,
    ).update(status=fate)
    for promotion in promotions:
        promotion.status = status
    promotions_ended.send(sender=Promotion, event=locked_event, promotions=list(promotions))


def expire_promotions(*, event_id: UUID) -> int:
    """End an event's offers whose time is over and serve the next in line; return how many."""

    def work() -> int:
        event = lock_event(event_id)
        overdue = list(
            Promotion.objects.filter(
                event_id=event.pk, status=PromotionStatus.PENDING, expires_at__lte=Clock()
            ).order_by("pk")
        )
        if overdue:
            end_offers(locked_event=event, promotions=overdue, status=PromotionStatus.EXPIRED)
            promote_waiting(locked_event=event)
        return len(overdue)

    return run_in_transaction(work)


def repair_line(*, event_id: UUID) -> int:
    """Serve the line of an event, should anything have been missed; return the offers made."""
    return run_in_transaction(lambda: len(promote_waiting(locked_event=lock_event(event_id))))


def _check_open(promotion: Promotion) -> None:
    """Refuse an offer that has ended; the trigger judges one whose clock is just running out."""
    if promotion.status == PromotionStatus.EXPIRED:
        raise PromotionExpired
    if not promotion.is_pending:
        raise PromotionClosed
