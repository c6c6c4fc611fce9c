"""Offers: made in the transaction that frees the seats; then accepted, declined or expired."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import connection

from bookings.models import Booking
from bookings.operations import book_held_seats, log_refused_attempt
from evently.audit.context import automatically
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
from waitlists.claim_windows import Window, offer_window
from waitlists.locks import PromotionNotFound, lock_promotion
from waitlists.models import EntryStatus, Promotion, PromotionStatus, WaitlistEntry
from waitlists.signals import entries_closed, promotions_ended, promotions_made

# Stored with the offer, and shown to the attendee as "Because …." (`waitlists.receipt`).
SEATS_FREED = "seats became available"


class PromotionExpired(Conflict):
    """The offer was not accepted in time."""

    code = "promotion_expired"
    message = "This offer has expired."


class PromotionClosed(Conflict):
    """The offer has been accepted or declined."""

    code = "promotion_closed"
    message = "This offer has already been claimed or declined."


def promote_waiting(*, locked_event: Event, reason: str = SEATS_FREED) -> list[Promotion]:
    """Offer free seats to the waiting entries that fit, in order; return the offers.

    An entry fits if at least its `min_quantity` is free; it is offered its `quantity`, or what is
    left. An entry that does not fit keeps its position, and its `passed_over` counts the offers
    made to later entries. Takes a fixed number of statements, however many offers are made.
    reason: stored with the offers, see `SEATS_FREED`.
    """
    # The caller's row may be older than the seats that triggers have moved since.
    event = Event.objects.annotate(clock=Clock()).get(pk=locked_event.pk)
    close_overdue_entries(locked_event=event)
    window = offer_window(event, at=event.clock) if event.is_on_sale(at=event.clock) else None
    if window is None or event.available_seats == 0:
        return []
    chosen = _choose_entries(locked_event=event)
    if not chosen:
        return []
    with automatically(connection):  # the user who freed the seats did not choose who gets them
        return _make_offers(
            event=event, chosen=chosen, at=event.clock, window=window, reason=reason
        )


def _make_offers(
    *,
    event: Event,
    chosen: list[tuple[WaitlistEntry, int]],
    at: datetime,
    window: Window,
    reason: str,
) -> list[Promotion]:
    _count_passed_over(locked_event=event, positions=[entry.position or 0 for entry, _ in chosen])
    WaitlistEntry.objects.filter(
        event_id=event.pk, pk__in=[entry.pk for entry, _ in chosen]
    ).update(status=EntryStatus.PROMOTED)
    offers = [
        Promotion(
            waitlist=entry,
            event=event,
            user_id=entry.user_id,
            quantity=seats,
            unit_price=min(entry.unit_price, event.current_price),
            promoted_at=at,
            expires_at=window.expires_at,
            window_minutes=window.minutes,
            promotion_reason=reason,
        )
        for entry, seats in chosen
    ]
    # Sales may have ended since the clock was read; the retry then finds nothing to offer.
    with refusing(trg_sales_open=RetryTransaction):
        promotions = Promotion.objects.bulk_create(offers)
    promotions_made.send(sender=Promotion, event=event, promotions=promotions)
    return promotions


def _choose_entries(*, locked_event: Event) -> list[tuple[WaitlistEntry, int]]:
    """Return the entries that get an offer, in waitlist order, each with its number of seats."""
    free = locked_event.available_seats
    chosen: list[tuple[WaitlistEntry, int]] = []
    entries = WaitlistEntry.objects.filter(event_id=locked_event.pk).fitting(free)
    # Each offer takes at least one seat, so no more entries than free seats can be chosen; the
    # iterator reads on only while a later entry may fit into what is left.
    for entry in entries.in_waitlist_order().iterator(chunk_size=200):
        if free == 0:
            break
        if entry.min_quantity <= free:
            seats = min(entry.quantity, free)
            chosen.append((entry, seats))
            free -= seats
    return chosen


def _count_passed_over(*, locked_event: Event, positions: Sequence[int]) -> None:
    """Add to each entry that stays the number of offers made to entries behind it.

    positions: of the entries that get an offer, before they leave the order.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE waitlists w SET passed_over = passed_over + ("
            "   SELECT count(*) FROM unnest(%(positions)s::int[]) p WHERE p > w.position)"
            " WHERE event_id = %(event)s AND status = %(waiting)s"
            "   AND position < %(last)s AND position <> ALL(%(positions)s::int[])",
            {
                "positions": list(positions),
                "event": locked_event.pk,
                "waiting": EntryStatus.WAITING,
                "last": max(positions),
            },
        )


def close_overdue_entries(*, locked_event: Event) -> None:
    """Close waiting entries whose `expires_at` has passed, so that they get no offer."""
    overdue = list(
        WaitlistEntry.objects.filter(event_id=locked_event.pk, expires_at__lte=Clock()).waiting()
    )
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
    """Decline an offer; in the same transaction, its seats go to the waitlist, or back on sale.

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
            locked_event=locked_event, promotions=[promotion], status=PromotionStatus.DECLINED
        )
        promote_waiting(locked_event=locked_event)
        promotion.refresh_from_db()
        promotion.event = locked_event
        return promotion

    return run_in_transaction(work, idempotency=idempotency)


def end_offers(
    *, locked_event: Event, promotions: Sequence[Promotion], status: PromotionStatus
) -> None:
    """End pending offers of an event without a booking, and their entries with them.

    status: DECLINED, which makes the entries LEFT, or EXPIRED, which makes them EXPIRED.
    """
    is_declined = status == PromotionStatus.DECLINED
    entry_status = EntryStatus.LEFT if is_declined else EntryStatus.EXPIRED
    Promotion.objects.filter(
        event_id=locked_event.pk, pk__in=[promotion.pk for promotion in promotions]
    ).update(status=status)
    WaitlistEntry.objects.filter(
        event_id=locked_event.pk,
        pk__in=[promotion.waitlist_id for promotion in promotions],
        status=EntryStatus.PROMOTED,
    ).update(status=entry_status)
    for promotion in promotions:
        promotion.status = status
    promotions_ended.send(sender=Promotion, event=locked_event, promotions=list(promotions))


def expire_promotions(*, event_id: UUID) -> int:
    """End an event's expired offers and promote the next entries; return how many ended."""

    def work() -> int:
        locked_event = lock_event(event_id)
        overdue = list(
            Promotion.objects.filter(
                event_id=event_id, status=PromotionStatus.PENDING, expires_at__lte=Clock()
            ).order_by("pk")
        )
        if overdue:
            end_offers(
                locked_event=locked_event, promotions=overdue, status=PromotionStatus.EXPIRED
            )
            promote_waiting(locked_event=locked_event)
        return len(overdue)

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
