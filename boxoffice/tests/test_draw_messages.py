"""Who is notified of a draw, in the inbox and by email, and of what."""

from datetime import timedelta

import pytest

from bookings.factories import BookingFactory
from boxoffice.lifecycle.tasks import remind_of_draws
from evently.accounts.factories import OrganizerFactory, UserFactory
from evently.formatting import moment
from events.factories import EventFactory
from events.models import Event
from notifications.kinds import kind_named
from notifications.models import Notification
from waitlists import operations
from waitlists.models import Beacon, Draw
from waitlists.tests.drawing_rows import NUMBERS, now
from waitlists.tests.waiting import join

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def event():
    return EventFactory(
        name="Jazz", total_capacity=1, timezone="Europe/Berlin", created_by=OrganizerFactory()
    )


def announce_numbers(event, *, hours=1):
    closes_at = now() + timedelta(hours=hours)
    return operations.announce_draw(
        event_id=event.pk,
        closes_at=closes_at,
        beacon=Beacon.NUMBERS,
        beacon_at=closes_at + timedelta(minutes=10),
        beacon_name="Lotto of Saturday",
    )


def messages_of(user, kind):
    return list(
        Notification.objects.filter(user_id=user.pk, type=kind)
        .order_by("created_at", "pk")
        .values_list("message", flat=True)
    )


def email_of(user, kind):
    """Return the email of a user's newest message of a kind, as its template is filled."""
    notification = Notification.objects.filter(user_id=user.pk, type=kind).latest("created_at")
    return kind_named(kind).write_email(notification, user)


def test_announcement_is_sent_to_those_who_wait(event):
    BookingFactory(event=event)
    here, there = join(event), join(event, timezone="Pacific/Auckland")
    guest = join(event, as_guest=True)

    draw = announce_numbers(event)

    (text,) = messages_of(here.user, "draw_announced")
    assert f"before {moment(draw.closes_at, event.zone)} takes part; you do." in text
    assert f"The result is due on {moment(draw.beacon_at, event.zone)}." in text
    assert "for you in Auckland" in messages_of(there.user, "draw_announced")[0]
    (asked,) = messages_of(guest.user, "draw_announced")
    assert "only confirmed places take part" in asked
    values = email_of(guest.user, "draw_announced").values
    assert values["buttonText"] == "Confirm my place"
    assert "/confirm" in values["buttonUrl"]
    assert not Notification.objects.filter(user_id=event.created_by_id, type="draw_announced")


def test_joining_a_pending_draw_is_confirmed_as_such(event, clock):
    draw = announce_numbers(event)
    entry, guest = join(event), join(event, as_guest=True)
    clock.stop(draw.closes_at + timedelta(minutes=1))
    late = join(event)

    (joined,) = messages_of(entry.user, "draw_joined")
    (asked,) = messages_of(guest.user, "waitlist_confirm")
    (behind,) = messages_of(late.user, "draw_joined")

    assert "You are in the draw for Jazz, with one lot like everyone else." in joined
    assert f"only places that are confirmed before {moment(draw.closes_at, event.zone)}" in asked
    assert "you have no lot, and rank behind everyone who is drawn" in behind
    assert not messages_of(entry.user, "waitlist_join")


def test_place_is_sent_to_those_without_an_offer_and_the_offer_names_it(event, clock):
    draw = announce_numbers(event)
    entries = [join(event) for _ in range(3)]
    clock.stop(draw.closes_at)
    operations.freeze_draw(event_id=event.pk)
    clock.stop(draw.beacon_at)
    operations.reveal_draw(event_id=event.pk, beacon_value=NUMBERS)

    for entry in entries:
        entry.refresh_from_db()
        place = entry.draw_place
        done = messages_of(entry.user, "draw_done")
        offered = messages_of(entry.user, "waitlist_promotion")
        if place == 1:
            assert done == []
            assert "You were drawn at place 1." in offered[0]
            note = email_of(entry.user, "waitlist_promotion").values["priceNote"]
            assert "You were drawn at place 1." in note
        else:
            assert offered == []
            assert f"you have place {place} of 3. You are now at position {place - 1}." in done[0]


def test_void_draw_is_sent_with_its_reason_and_the_new_times(event, clock):
    draw = announce_numbers(event)
    entry = join(event)
    clock.stop(draw.beacon_at + timedelta(hours=3))
    operations.end_overdue_draw(event_id=event.pk)
    again = Draw.objects.get(number=2)

    (text,) = messages_of(entry.user, "draw_void")

    assert "is void: the list was not frozen before the beacon." in text
    assert "It is repeated as draw 2." in text
    assert moment(again.closes_at, event.zone) in text
    assert "draw for Jazz is void" in email_of(entry.user, "draw_void").values["heading"]


def test_draw_that_is_called_off_is_sent_with_the_order_that_stands(event):
    announce_numbers(event)
    first, second = join(event), join(event)
    operations.call_off_draw(event_id=event.pk)

    (text,) = messages_of(second.user, "draw_void")

    assert "called off by the organizer. Seats are offered in the order in which" in text
    assert messages_of(first.user, "waitlist_promotion")


def test_void_draw_of_a_closed_waitlist_promises_no_offers(event):
    announce_numbers(event)
    entry = join(event)
    Event.objects.filter(pk=event.pk).update(sales_end_at=now())
    operations.advance_draw(event_id=event.pk)

    (text,) = messages_of(entry.user, "draw_void")
    assert text.endswith("is void: the waitlist closed before.")


def test_organizer_is_asked_for_the_numbers_once(event, clock):
    draw = announce_numbers(event)
    remind_of_draws()
    clock.stop(draw.closes_at)
    operations.freeze_draw(event_id=event.pk)
    remind_of_draws()
    assert messages_of(event.created_by, "draw_numbers") == []
    clock.stop(draw.beacon_at + timedelta(minutes=1))

    remind_of_draws()
    remind_of_draws()

    (text,) = messages_of(event.created_by, "draw_numbers")
    assert "Lotto of Saturday" in text
    values = email_of(event.created_by, "draw_numbers").values
    assert values["buttonUrl"].endswith(f"/admin/events/event/{event.pk}/draw_numbers/")


def test_unconfirmed_place_is_reminded_once_before_the_draw_closes(event, clock):
    draw = announce_numbers(event, hours=10)
    guest, confirmed = join(event, as_guest=True), join(event)
    remind_of_draws()
    clock.stop(draw.closes_at - timedelta(minutes=90))
    late = join(event, as_guest=True)

    remind_of_draws()
    remind_of_draws()

    assert len(messages_of(guest.user, "waitlist_confirm")) == 2
    assert len(messages_of(late.user, "waitlist_confirm")) == 1
    assert messages_of(confirmed.user, "waitlist_confirm") == []


def test_event_without_a_draw_confirms_joining_as_before(event):
    BookingFactory(event=event)
    user = UserFactory()
    join(event, user=user)
    assert len(messages_of(user, "waitlist_join")) == 1
    assert messages_of(user, "draw_joined") == []
