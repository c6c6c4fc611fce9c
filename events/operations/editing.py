"""Organizers make, change, publish and copy events."""

from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from evently.database.clock import now
from evently.errors import Conflict, EditedMeanwhile, Invalid
from evently.idempotency.keys import Idempotency
from evently.transactions import refusing, run_in_transaction
from events.locks import EventNotFound, lock_event
from events.models import Event, EventStatus
from events.operations.checking import check_event
from events.signals import event_changed, seats_freed

EDITABLE = frozenset(
    {
        "name",
        "description",
        "venue",
        "event_date",
        "ends_at",
        "timezone",
        "total_capacity",
        "base_price",
        "current_price",
        "currency",
        "sales_start_at",
        "sales_end_at",
        "cancellation_deadline",
        "refund_policy",
        "payment_mode",
        "payment_instructions",
        "payment_days",
        "max_per_booking",
        "max_per_person",
        "promotion_window_minutes",
    }
)
COPIED = (
    EDITABLE
    - {"event_date", "ends_at", "sales_start_at", "sales_end_at"}
    - {
        "cancellation_deadline",
        "current_price",
    }
)
# What can bring free seats on sale that were not before.
OPENING = frozenset({"total_capacity", "event_date", "sales_start_at", "sales_end_at"})
COPY_MOVES_BY = timedelta(days=28)


class CapacityInUse(Conflict):
    """The new capacity is below what is booked and held."""

    code = "capacity_in_use"
    message = "There are more seats booked and held than that. Cancel bookings first."


class CurrencySettled(Invalid):
    """People have seen prices in the old currency."""

    code = "currency_settled"
    message = (
        "The event is published, and people were told prices in this currency. "
        "Cancel it and make a new one to sell in another."
    )


class AlreadyPublished(Conflict):
    """The event is public already."""

    code = "already_published"
    message = "This event is published already."


class EventOver(Conflict):
    """The event is cancelled, completed or in the past."""

    code = "event_over"
    message = "This event is over or cancelled, so it can no longer be changed like this."


def create_event(
    *,
    by_id: UUID,
    source_key: str | None = None,
    idempotency: Idempotency | None = None,
    **fields: Any,
) -> Event:
    """Make an event, not yet published.

    fields: columns of the event (EDITABLE). source_key: where it was imported from; one
    organizer imports the same source once.
    Raises Invalid, with sentences by field; Replayed (`idempotency`).
    """
    return run_in_transaction(
        lambda: add_event(by_id=by_id, source_key=source_key, **fields), idempotency=idempotency
    )


def add_event(*, by_id: UUID, source_key: str | None = None, **fields: Any) -> Event:
    """Make an event inside the caller's transaction."""
    fields.setdefault("current_price", fields.get("base_price", Decimal("0.00")))
    event = Event(created_by_id=by_id, source_key=source_key, **_editable(fields))
    check_event(event, at=now())
    event.save(force_insert=True)
    event.refresh_from_db()
    return event


def edit_event(*, event_id: UUID, by_id: UUID, version: int | None, **changes: Any) -> Event:
    """Change an event that nobody else changed since `version` was read.

    version: None changes it as it is.
    Seats moving and prices moved by rule do not raise the version.
    Raises EditedMeanwhile, CapacityInUse, EventOver, CurrencySettled, Invalid.
    """
    return run_in_transaction(lambda: change_event(event_id=event_id, version=version, **changes))


def change_event(*, event_id: UUID, version: int | None, **changes: Any) -> Event:
    """Change an event inside the caller's transaction."""
    event = lock_event(event_id)
    if version is not None and event.version != version:
        raise EditedMeanwhile(version=event.version)
    if event.status != EventStatus.ACTIVE:
        raise EventOver
    before = {name: getattr(event, name) for name in _editable(changes)}
    for name, value in changes.items():
        setattr(event, name, value)
    _price_follows(event, before)
    _cancelling_opens_again(event, before)
    changed = {
        name: (old, getattr(event, name))
        for name, old in before.items()
        if old != getattr(event, name)
    }
    if not changed:
        return event
    if "currency" in changed and event.published_at is not None:
        raise CurrencySettled(fields={"currency": CurrencySettled.message})
    check_event(event, at=now(), date_moved="event_date" in changed)
    with refusing(trg_capacity_in_use=CapacityInUse, chk_event_capacity=CapacityInUse):
        event.save(update_fields=list(changed))
    event.refresh_from_db()
    if event.is_published:
        event_changed.send(sender=Event, event=event, changes=changed)
    if changed.keys() & OPENING:
        # More seats, or seats that are on sale again: those in line come first.
        seats_freed.send(sender=Event, locked_event=event)
    return event


def _price_follows(event: Event, before: dict[str, Any]) -> None:
    """Let the current price follow a changed base price, unless it was named itself."""
    if "base_price" in before and "current_price" not in before:
        before["current_price"] = event.current_price
        event.current_price = event.base_price


def _cancelling_opens_again(event: Event, before: dict[str, Any]) -> None:
    """Let people cancel until the start, once a published event moved to another day or place."""
    moved = any(
        name in before and before[name] != getattr(event, name) for name in ("event_date", "venue")
    )
    if moved and event.is_published and "cancellation_deadline" not in before:
        before["cancellation_deadline"] = event.cancellation_deadline
        event.cancellation_deadline = event.event_date


def publish_event(*, event_id: UUID, by_id: UUID) -> Event:
    """Make an event public. Raises AlreadyPublished, EventOver."""
    return run_in_transaction(lambda: make_public(event_id=event_id))


def make_public(*, event_id: UUID) -> Event:
    """Make an event public inside the caller's transaction."""
    event = lock_event(event_id)
    moment = now()
    if event.status != EventStatus.ACTIVE or event.event_date <= moment:
        raise EventOver
    if event.is_published:
        raise AlreadyPublished
    event.published_at = moment
    event.save(update_fields=["published_at"])
    event.refresh_from_db()
    return event


def copy_event(*, event_id: UUID, by_id: UUID) -> Event:
    """Make a new, unpublished event like another, four weeks later or from now."""

    def work() -> Event:
        original = Event.objects.filter(pk=event_id).first()
        if original is None:
            raise EventNotFound
        fields = {name: getattr(original, name) for name in COPIED}
        starts = original.event_date + COPY_MOVES_BY
        while starts <= now():
            starts += COPY_MOVES_BY
        length = original.ends_at - original.event_date if original.ends_at else None
        fields["event_date"] = starts
        fields["ends_at"] = starts + length if length is not None else None
        fields["name"] = f"{original.name} (copy)"[:255]
        return add_event(by_id=by_id, **fields)

    return run_in_transaction(work)


def _editable(fields: dict[str, Any]) -> dict[str, Any]:
    unknown = set(fields) - EDITABLE
    if unknown:
        raise Invalid(fields=dict.fromkeys(unknown, "This cannot be set."))
    return fields
