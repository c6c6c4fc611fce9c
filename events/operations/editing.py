"""Creating, changing, publishing and copying events."""

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from evently.audit.context import acting, current_context
from evently.database.clock import now
from evently.errors import Conflict, EditedMeanwhile, Invalid
from evently.idempotency.keys import Idempotency
from evently.local_time import moved_by_days
from evently.transactions import refusing, run_in_transaction
from evently.visible_text import clean_line, has_controls, is_visible
from events.changes import Edit, announcement, concerns_attendees
from events.locks import EventNotFound, lock_event
from events.models import Event, PriceRule
from events.operations.validation import TIME_FIELDS, check_event
from events.signals import event_changed, event_copied, seats_freed

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
        "is_online",
        "contact_email",
        "contact_url",
        "shows_organizer_email",
        "payment_mode",
        "payment_instructions",
        "payment_days",
        "max_per_booking",
        "max_per_person",
        "max_per_place",
        "max_passes",
        "waitlist_until_start",
        "promotion_window_minutes",
        "ask_days_before",
        "unanswered_policy",
        "reminder_hours",
        "sends_thanks",
    }
)
COPIED = EDITABLE - {*TIME_FIELDS, "current_price"}
# Changes that can put free seats on sale that were not before.
OPENING = frozenset({"total_capacity", "event_date", "sales_start_at", "sales_end_at"})
# Whole weeks, so that the weekday stays.
COPY_MOVES_BY_DAYS = 28
LONGEST_REASON = 200
REASON_HINT = f"Enter a single line of at most {LONGEST_REASON} characters."
MONEY = frozenset({"currency", "base_price", "current_price"})


class CapacityInUse(Conflict):
    """The new capacity is below the seats booked and held."""

    code = "capacity_in_use"
    message = "More seats are already booked or held. Cancel bookings first."


class CurrencySettled(Invalid):
    """The event is published, so quotes and bookings in its currency may exist."""

    code = "currency_settled"
    message = (
        "The currency of a published event cannot be changed. "
        "To sell in another currency, cancel this event and create a new one."
    )


class AlreadyPublished(Conflict):
    code = "already_published"
    message = "This event is already published."


class EventOver(Conflict):
    """The event is cancelled or completed, or has started."""

    code = "event_over"
    message = "This event is cancelled or over, so this is no longer possible."


class PriceReasonRequired(Invalid):
    """A rule moves the price, so a change by hand suspends it, and attendees are told why."""

    code = "price_reason_required"
    message = "Say why you change the price by hand. The reason is shown in the price history."


def create_event(
    *,
    by_id: UUID,
    source_key: str | None = None,
    idempotency: Idempotency | None = None,
    **fields: Any,
) -> Event:
    """Create an unpublished event.

    by_id: the organizer. source_key: identifies the event in the source of an import; unique per
    organizer. fields: columns of the event (EDITABLE).
    Raises Invalid, with messages by field; Replayed (`idempotency`).
    """
    return run_in_transaction(
        lambda: add_event(by_id=by_id, source_key=source_key, **fields), idempotency=idempotency
    )


def add_event(*, by_id: UUID, source_key: str | None = None, **fields: Any) -> Event:
    """Create an event inside the caller's transaction; otherwise as `create_event`."""
    fields.setdefault("current_price", fields.get("base_price", Decimal("0.00")))
    event = Event(created_by_id=by_id, source_key=source_key, **_editable(fields))
    check_event(event, at=now())
    event.save(force_insert=True)
    event.refresh_from_db()
    return event


def edit_event(
    *,
    event_id: UUID,
    version: int | None,
    notify: bool = True,
    price_reason: str = "",
    **changes: Any,
) -> Event:
    """Change an event, with optimistic locking.

    version: the version that the change was made from; None changes whatever is there. Bookings
    and price changes by rule do not raise the version. notify: whether attendees are notified of
    a new name, time or venue; the choice is stored (`Event.last_change`). Offers made with new
    seats are always notified, as they expire. price_reason: why the price is changed, for the price
    history; required while a rule moves it, which the change suspends.
    Raises EditedMeanwhile, CapacityInUse, EventOver, CurrencySettled, PriceReasonRequired, Invalid.
    """
    with acting(price_reason=checked_reason(price_reason)):
        return run_in_transaction(
            lambda: change_event(event_id=event_id, version=version, notify=notify, **changes).event
        )


def checked_reason(reason: str) -> str:
    """Return a reason for a change of the price as it is stored; "" where none can be seen.

    Raises Invalid.
    """
    line = clean_line(reason)
    if len(line) > LONGEST_REASON or has_controls(reason):
        raise Invalid(fields={"price_reason": REASON_HINT})
    return line if is_visible(line) else ""


def change_event(
    *, event_id: UUID, version: int | None, notify: bool = True, **changes: Any
) -> Edit:
    """Change an event inside the caller's transaction; otherwise as `edit_event`.

    The reason for a change of the price is that of the caller's `acting(price_reason=…)`.
    """
    event = lock_event(event_id)
    check_version(event, version)
    if not event.is_active:
        raise EventOver
    before = {name: getattr(event, name) for name in _editable(changes)}
    for name, value in changes.items():
        setattr(event, name, value)
    _follow_base_price(event, before)
    _reopen_cancellation(event, before)
    changed = {
        name: (old, getattr(event, name))
        for name, old in before.items()
        if old != getattr(event, name)
    }
    if not changed:
        return Edit(event, changed)
    if "current_price" in changed and event.price_moves and not current_context().price_reason:
        raise PriceReasonRequired(fields={"price_reason": PriceReasonRequired.message})
    if "currency" in changed and event.published_at is not None:
        raise CurrencySettled(fields={"currency": CurrencySettled.message})
    check_event(
        event,
        at=now(),
        date_moved="event_date" in changed,
        money_changed=bool(MONEY & changed.keys()),
    )
    if event.is_published and concerns_attendees(changed):
        event.last_change = announcement(changed, at=now(), notified=notify)
    with refusing(trg_capacity_in_use=CapacityInUse, chk_event_capacity=CapacityInUse):
        event.save(update_fields=[*changed, "last_change"])
    event.refresh_from_db()
    if event.is_published:
        event_changed.send(sender=Event, event=event, changes=changed, notify=notify)
    if changed.keys() & OPENING:
        # The waitlist is offered these seats before the public.
        seats_freed.send(sender=Event, locked_event=event)
    return Edit(event, changed)


def check_version(event: Event, version: int | None) -> None:
    """Raise EditedMeanwhile where a locked event has another version; None accepts any."""
    if version is not None and event.version != version:
        raise EditedMeanwhile(version=event.version)


def _follow_base_price(event: Event, before: dict[str, Any]) -> None:
    """Let the current price follow a changed base price, unless it is changed itself.

    A price that a rule moves stays; the rule moves it around the new base price.
    """
    if "base_price" in before and "current_price" not in before and not event.price_moves:
        before["current_price"] = event.current_price
        event.current_price = event.base_price


def _reopen_cancellation(event: Event, before: dict[str, Any]) -> None:
    """Let attendees cancel until the start, once a published event has a new time or venue."""
    moved = any(
        name in before and before[name] != getattr(event, name) for name in ("event_date", "venue")
    )
    if moved and event.is_published and "cancellation_deadline" not in before:
        before["cancellation_deadline"] = event.cancellation_deadline
        event.cancellation_deadline = event.event_date


def publish_event(
    *, event_id: UUID, version: int | None = None, idempotency: Idempotency | None = None
) -> Event:
    """Make an event public, which notifies no one.

    version: the one that was reviewed; None publishes whatever is there.
    Raises AlreadyPublished, EventOver, EditedMeanwhile, Replayed (`idempotency`).
    """

    def work() -> Event:
        event = lock_event(event_id)
        check_version(event, version)
        published_at = now()
        if not event.is_active or event.has_started(at=published_at):
            raise EventOver
        if event.is_published:
            raise AlreadyPublished
        event.published_at = published_at
        event.save(update_fields=["published_at"])
        event.refresh_from_db()
        return event

    return run_in_transaction(work, idempotency=idempotency)


def copy_event(*, event_id: UUID, by_id: UUID) -> Event:
    """Create a draft from another event, moved by whole weeks into the future.

    Weekdays and local times stay, also across a change of clocks. Of the sales dates, those that
    are still to come are kept. Its price rule is copied, switched off.

    by_id: the organizer of the copy. Raises EventNotFound, Invalid.
    """

    def work() -> Event:
        original = Event.objects.filter(pk=event_id).first()
        if original is None:
            raise EventNotFound
        fields = {name: getattr(original, name) for name in COPIED}
        at, days = now(), COPY_MOVES_BY_DAYS
        while moved_by_days(original.event_date, original.zone, days) <= at:
            days += COPY_MOVES_BY_DAYS
        fields |= times_moved(original, days=days)
        for name in ("sales_end_at", "cancellation_deadline"):
            if fields[name] is not None and fields[name] <= at:
                fields[name] = None
        fields["name"] = f"{original.name} (copy)"[:255]
        copy = add_event(by_id=by_id, **fields)
        copy_rest(original, copy)
        return copy

    return run_in_transaction(work)


def copy_rest(original: Event, copy: Event) -> None:
    """Give a new copy what belongs to the original: its price rule, switched off, and more."""
    rule = PriceRule.objects.filter(event_id=original.pk).first()
    if rule is not None:
        settings = {name: getattr(rule, name) for name in PriceRule.SETTINGS}
        PriceRule(event=copy, **(settings | {"enabled": False})).save(force_insert=True)
    event_copied.send(sender=Event, original=original, copy=copy)


def times_moved(event: Event, *, days: int) -> dict[str, datetime | None]:
    """Return all times of an event moved by days, each at the same time on the event's clocks."""
    return {
        name: moved_by_days(time, event.zone, days) if time is not None else None
        for name in TIME_FIELDS
        for time in [getattr(event, name)]
    }


def _editable(fields: dict[str, Any]) -> dict[str, Any]:
    unknown = set(fields) - EDITABLE
    if unknown:
        raise Invalid(fields=dict.fromkeys(unknown, "This field cannot be set."))
    return fields
