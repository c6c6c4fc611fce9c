"""Operations on events: creating, editing, publishing, copying, quotes."""

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from evently.accounts.factories import OrganizerFactory
from evently.database.clock import now
from evently.database.ids import uuid7
from evently.errors import Invalid
from evently.tests.rows import book
from events import operations
from events.factories import EventFactory
from events.locks import EventNotFound
from events.models import Event
from events.signals import event_changed, seats_freed

pytestmark = pytest.mark.django_db


def fields(**changes):
    given = {
        "name": "Evening",
        "venue": "Old Mill",
        "event_date": now() + timedelta(days=30),
        "total_capacity": 10,
        "base_price": Decimal("20.00"),
    }
    return given | changes


def edit(event, **changes):
    event.refresh_from_db()
    return operations.edit_event(event_id=event.pk, version=event.version, **changes)


# ── Creating and publishing ──────────────────────────────────────────────────
def test_event_is_created_unpublished_with_all_seats_available():
    event = operations.create_event(by_id=OrganizerFactory().pk, **fields())
    event.refresh_from_db()
    assert (event.available_seats, event.current_price, event.version) == (10, 20, 1)
    assert not event.is_published
    with pytest.raises(EventNotFound):
        operations.quote_price(event_id=event.pk, quantity=1, holder="x")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", "x" * 256),
        ("name", "null\x00byte"),
        ("name", "Evening\r\nBcc: mallory@example.org"),
        ("venue", "Old Mill\u2028"),
        ("venue", "Old\x1bMill"),
        ("total_capacity", 0),
        ("total_capacity", -1),
        ("total_capacity", 1_000_001),
        ("base_price", Decimal("-0.01")),
        ("base_price", Decimal("NaN")),
        ("base_price", Decimal("1.005")),
        ("base_price", Decimal(100_000_000)),
        ("currency", "eur"),
        ("currency", "EURO"),
        ("timezone", "Mars/Crater"),
        ("payment_mode", "barter"),
        ("payment_mode", "free"),
        ("payment_mode", "transfer"),
        ("max_per_booking", 0),
        ("max_per_booking", 11),
        ("max_per_person", 0),
        ("promotion_window_minutes", 0),
        ("promotion_window_minutes", 10081),
        ("payment_days", -1),
    ],
)
def test_invalid_event_is_refused_by_field(field, value):
    with pytest.raises(Invalid) as refusal:
        operations.create_event(by_id=OrganizerFactory().pk, **fields(**{field: value}))
    # Left out, the current price is the base price, and just as invalid.
    assert set(refusal.value.fields) - {"current_price"} == {field}
    event = EventFactory(priced=20)
    with pytest.raises(Invalid) as refusal:
        edit(event, **{field: value})
    assert field in refusal.value.fields


def test_times_in_the_wrong_order_are_refused():
    start = now() + timedelta(days=3)
    for changes in (
        {"event_date": now() - timedelta(days=1)},
        {"event_date": start, "ends_at": start - timedelta(hours=1)},
        {"event_date": start, "sales_start_at": start, "sales_end_at": start},
        {"event_date": start.replace(tzinfo=None)},
    ):
        with pytest.raises(Invalid):
            operations.create_event(by_id=OrganizerFactory().pk, **fields(**changes))


def test_sales_that_start_after_the_event_are_refused_with_one_message():
    start = now() + timedelta(days=3)
    with pytest.raises(Invalid) as refusal:
        operations.create_event(
            by_id=OrganizerFactory().pk, **fields(event_date=start, sales_start_at=start)
        )
    assert refusal.value.fields == {"sales_start_at": "Sales must start before the event starts."}


@pytest.mark.parametrize("field", ["available_seats", "version", "status", "created_by_id", "id"])
def test_fields_that_are_not_editable_are_refused(field):
    with pytest.raises(Invalid):
        operations.create_event(by_id=OrganizerFactory().pk, **fields(**{field: 1}))


def test_event_is_published_once_and_only_before_its_start(clock):
    event = EventFactory(published_at=None)
    operations.publish_event(event_id=event.pk)
    with pytest.raises(operations.AlreadyPublished):
        operations.publish_event(event_id=event.pk)
    late = EventFactory(published_at=None)
    clock.move(timedelta(days=31))
    with pytest.raises(operations.EventOver):
        operations.publish_event(event_id=late.pk)
    with pytest.raises(EventNotFound):
        operations.publish_event(event_id=uuid7())


def test_copy_is_a_new_event_in_the_future(clock):
    original = EventFactory(priced=20, total_capacity=7)
    book(original.pk)
    clock.move(timedelta(days=100))
    copy = operations.copy_event(event_id=original.pk, by_id=original.created_by_id)
    copy.refresh_from_db()
    assert (copy.available_seats, copy.base_price, copy.is_published) == (7, 20, False)
    assert copy.event_date > now()
    assert copy.starts_locally.time() == original.starts_locally.time()
    with pytest.raises(EventNotFound):
        operations.copy_event(event_id=uuid7(), by_id=original.created_by_id)


@pytest.mark.parametrize(
    ("zone", "starts"),
    [
        ("Europe/Berlin", "2099-10-15T19:00"),
        ("Europe/Berlin", "2099-03-12T23:30"),
        ("America/Los_Angeles", "2099-10-16T00:15"),
        ("Australia/Lord_Howe", "2099-09-20T01:45"),
        ("Asia/Tokyo", "2099-10-15T19:00"),
    ],
)
def test_copy_keeps_weekdays_and_local_times_across_a_change_of_clocks(zone, starts):
    wall = datetime.fromisoformat(starts)
    hours = {"event_date": 0, "ends_at": 5, "sales_start_at": -400, "sales_end_at": -2}
    hours["cancellation_deadline"] = -24
    zone = ZoneInfo(zone)
    times = {
        name: (wall + timedelta(hours=number)).replace(tzinfo=zone)
        for name, number in hours.items()
    }
    original = EventFactory(timezone=zone.key, **times)

    copy = operations.copy_event(event_id=original.pk, by_id=original.created_by_id)

    for name, time in times.items():
        moved = getattr(copy, name).astimezone(zone).replace(tzinfo=None)
        assert moved == time.replace(tzinfo=None) + timedelta(days=28), name


def test_copy_leaves_out_sales_dates_that_are_over(clock):
    original = EventFactory(
        sales_end_at=now() + timedelta(days=1), cancellation_deadline=now() + timedelta(days=1)
    )
    clock.move(timedelta(days=29, hours=1))

    copy = operations.copy_event(event_id=original.pk, by_id=original.created_by_id)

    assert (copy.sales_end_at, copy.cancellation_deadline) == (None, None)


# ── Editing ─────────────────────────────────────────────────────────────────
def test_edit_of_an_outdated_version_is_refused():
    event = EventFactory()
    operations.edit_event(event_id=event.pk, version=1, name="First")
    with pytest.raises(operations.EditedMeanwhile) as refusal:
        operations.edit_event(event_id=event.pk, version=1, name="Second")
    assert refusal.value.details == {"version": 2}
    event.refresh_from_db()
    assert (event.name, event.version) == ("First", 2)


def test_bookings_do_not_raise_the_version():
    event = EventFactory(priced=20)
    book(event.pk, 2)
    edited = operations.edit_event(event_id=event.pk, version=1, venue="New Mill")
    assert (edited.version, edited.available_seats) == (2, 8)


def test_capacity_cannot_go_below_the_seats_booked():
    event = EventFactory(total_capacity=5)
    book(event.pk, 3)
    with pytest.raises(operations.CapacityInUse):
        edit(event, total_capacity=2)
    assert edit(event, total_capacity=3).available_seats == 0
    assert edit(event, total_capacity=8).available_seats == 5


def test_current_price_follows_the_base_price_unless_it_is_set():
    event = EventFactory(priced=20)
    assert edit(event, base_price=Decimal(30)).current_price == 30
    assert edit(event, base_price=Decimal(40), current_price=Decimal(35)).current_price == 35
    changes = event.price_changes.order_by("applied_at").values_list("old_price", "new_price")
    assert list(changes) == [(20, 30), (30, 35)]


def test_change_is_signalled_with_old_and_new_values():
    event, heard = EventFactory(), []

    def hear(sender, changes, **kwargs):
        heard.append(changes)

    event_changed.connect(hear)
    try:
        edit(event, name=event.name)
        edit(event, venue="New Mill")
    finally:
        event_changed.disconnect(hear)
    assert [changes["venue"] for changes in heard] == [("Old Mill, Ghent", "New Mill")]
    event.refresh_from_db()
    assert event.version == 2


@pytest.mark.parametrize(
    ("change", "serves"),
    [
        ("total_capacity", True),
        ("sales_start_at", True),
        ("sales_end_at", True),
        ("event_date", True),
        ("name", False),
    ],
)
def test_changes_that_can_open_sales_serve_the_waitlist(change, serves):
    event, heard = EventFactory(), []

    def hear(sender, locked_event, **kwargs):
        heard.append(locked_event.pk)

    value = {"total_capacity": 11, "name": "Another"}.get(
        change, event.event_date - timedelta(days=1)
    )
    seats_freed.connect(hear)
    try:
        edit(event, **{change: value})
    finally:
        seats_freed.disconnect(hear)
    assert heard == ([event.pk] if serves else [])


@pytest.mark.parametrize("moved", ["venue", "event_date"])
def test_attendees_can_cancel_until_the_start_once_the_event_moved(moved):
    event = EventFactory(priced=20)
    deadline = event.event_date - timedelta(days=9)
    edit(event, cancellation_deadline=deadline)
    edit(event, name="Another", total_capacity=20)
    event.refresh_from_db()
    assert event.cancellable_until == deadline

    edit(event, **{moved: {"venue": "New Mill"}.get(moved, event.event_date + timedelta(days=1))})

    event.refresh_from_db()
    assert event.cancellable_until == event.event_date


def test_deadline_set_with_the_move_or_before_publishing_stays():
    for event in (EventFactory(), EventFactory(published_at=None)):
        deadline = event.event_date - timedelta(days=9)
        named = {"cancellation_deadline": deadline} if event.is_published else {}
        edit(event, cancellation_deadline=deadline)
        edit(event, venue="New Mill", **named)
        event.refresh_from_db()
        assert event.cancellable_until == deadline


def test_cancelled_event_cannot_be_edited():
    event = EventFactory()
    Event.objects.filter(pk=event.pk).update(status="cancelled")
    with pytest.raises(operations.EventOver):
        edit(event, name="Again")


# ── Quotes ──────────────────────────────────────────────────────────────────
def read(event, token, **changes):
    asked = {"event_id": event.pk, "holder": "me", "at": now()} | changes
    return operations.read_quote(token, **asked)


def test_quote_promises_the_price_to_its_holder_for_15_minutes():
    event = EventFactory(priced=20)
    quote = operations.quote_price(event_id=event.pk, quantity=2, holder="me")
    assert (quote.unit_price, quote.total_amount) == (20, 40)
    assert timedelta(minutes=14) < quote.expires_at - now() <= timedelta(minutes=15)
    assert read(event, quote.token) == replace(quote, currency="")
    for quantity in (1, 2):
        operations.check_quoted_quantity(quote, quantity)
    with pytest.raises(operations.QuoteInvalid, match="for 2 seats, not for 3"):
        operations.check_quoted_quantity(quote, 3)
    for changes in (
        {"holder": "you"},
        {"event_id": uuid7()},
        {"at": quote.expires_at},
    ):
        with pytest.raises(operations.QuoteInvalid):
            read(event, quote.token, **changes)
    for token in ("", "nonsense", quote.token[:-1], quote.token + "x"):
        with pytest.raises(operations.QuoteInvalid):
            read(event, token)


def test_quote_ends_with_the_sales():
    event = EventFactory(priced=20, sales_end_at=now() + timedelta(minutes=5))
    quote = operations.quote_price(event_id=event.pk, quantity=1, holder="me")
    assert quote.expires_at == event.sales_end_at


def test_quote_is_refused_for_no_sale_or_too_many_seats():
    for columns in (
        {"sales_start_at": now() + timedelta(hours=1)},
        {"sales_end_at": now() - timedelta(seconds=1)},
        {"status": "cancelled"},
    ):
        with pytest.raises(operations.SalesClosed):
            operations.quote_price(event_id=EventFactory(**columns).pk, quantity=1, holder="me")
    strict = EventFactory(max_per_booking=2)
    for quantity in (0, -1, 3, 11):
        with pytest.raises(Invalid):
            operations.quote_price(event_id=strict.pk, quantity=quantity, holder="me")
    with pytest.raises(EventNotFound):
        operations.quote_price(event_id=uuid7(), quantity=1, holder="me")
