"""Changes of published events that affect other people are reviewed before they are saved."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from django.contrib.messages import get_messages

from bookings.factories import BookingFactory
from boxoffice.tests.organizing import (
    EVENTS,
    confirmed,
    errors_of,
    event_page,
    form_of,
    tab,
)
from evently.audit.models import AuditLog
from evently.database.clock import now
from evently.tests.rows import offer
from events import operations
from events.factories import EventFactory
from events.models import Event
from notifications.models import Notification
from notifications.writing.beginning import schedule
from notifications.writing.drafting import Draft, create_draft
from waitlists.factories import WaitlistEntryFactory
from waitlists.models import Promotion, WaitlistEntry

pytestmark = pytest.mark.django_db


@pytest.fixture
def event(organizer):
    """A published event with bookings of two people, and one person on the waitlist."""
    event = EventFactory(
        created_by=organizer,
        name="Jazz",
        timezone="Europe/Berlin",
        event_date=datetime(2099, 7, 2, 18, 30, tzinfo=UTC),
        total_capacity=4,
        priced=20,
    )
    BookingFactory.create_batch(2, event=event, quantity=2)
    WaitlistEntryFactory(event=event, quantity=3, min_quantity=1)
    event.refresh_from_db()
    return event


def told():
    return Notification.objects.filter(type="event_changed").count()


def submit(admin, event, **changes):
    return admin.post(event_page(event), form_of(admin, event_page(event)) | changes)


def text_of(response):
    return " ".join(response.content.decode().split())


def sentences(response):
    return " ".join(str(message) for message in get_messages(response.wsgi_request))


def later(event, **by):
    return (event.starts_locally + timedelta(**by)).strftime("%Y-%m-%dT%H:%M")


def test_new_time_is_reviewed_with_the_number_of_people(admin, event):
    before = event.event_date

    review = submit(admin, event, event_date=later(event, hours=1))

    page = text_of(review)
    assert "Save and notify 3 people" in page
    assert "Save without notifying" in page
    assert f"{event.starts_locally:%H:%M} " in page
    assert f"{event.starts_locally + timedelta(hours=1):%H:%M} " in page
    event.refresh_from_db()
    assert event.event_date == before
    assert told() == 0


def test_scheduled_message_becomes_a_draft_once_the_new_place_is_saved(admin, event):
    message = create_draft(
        Draft("Doors", "At seven.", "booked"), event_id=event.pk, by_id=event.created_by_id
    )
    at = now() + timedelta(days=1)
    schedule(event_id=event.pk, message_id=message.pk, send_at=at)

    review = submit(admin, event, venue="The Barn")

    note = "1 scheduled message to attendees becomes a draft again, to be checked."
    assert note in text_of(review)
    message.refresh_from_db()
    assert message.state == "scheduled"
    confirmed(admin, review, "no")
    message.refresh_from_db()
    assert message.label == "Not sent"


def test_organizer_lets_people_be_notified(admin, event):
    saved = confirmed(admin, submit(admin, event, venue="New Mill"))

    event.refresh_from_db()
    assert event.venue == "New Mill"
    assert told() == 3
    assert "3 people are being notified" in sentences(saved)
    assert event.last_change["notified"] is True
    assert "Attendees were notified" in text_of(admin.get(tab(event, "overview")))


def test_organizer_saves_without_notifying_which_stays_on_record(admin, event):
    saved = confirmed(admin, submit(admin, event, venue="New Mill"), "no")

    event.refresh_from_db()
    assert event.venue == "New Mill"
    assert told() == 0
    assert "without notifying 3 people" in sentences(saved)
    assert "Saved without notifying" in text_of(admin.get(tab(event, "overview")))
    entry = AuditLog.objects.filter(table_name="events", action="update").latest("id")
    assert entry.after["last_change"]["notified"] is False


def test_back_loses_no_input(admin, event):
    review = submit(admin, event, venue="New Mill", description="Two\r\nlines", name="")
    assert list(errors_of(review)) == ["name"]
    review = submit(admin, event, venue="New Mill", description="Two\r\nlines")

    form = confirmed(admin, review, "back")

    assert form.status_code == 200
    shown = form.context["adminform"].form
    assert shown["venue"].value() == "New Mill"
    assert shown["description"].value() == "Two\r\nlines"
    assert not errors_of(form)
    event.refresh_from_db()
    assert event.venue != "New Mill"


def test_edit_of_another_person_during_the_review_is_shown(admin, event):
    review = submit(admin, event, venue="New Mill")
    operations.edit_event(event_id=event.pk, version=event.version, name="Blues", notify=False)

    refused = confirmed(admin, review)

    assert "saved changes on" in errors_of(refused)["__all__"][0]
    event.refresh_from_db()
    assert (event.name, event.venue) == ("Blues", "Old Mill, Ghent")
    assert told() == 0


def test_only_what_truly_changed_is_listed(admin, event):
    review = submit(admin, event, venue="New Mill", name=event.name, total_capacity="4")

    assert {one.field for one in review.context["differences"]} == {
        "venue",
        "cancellation_deadline",
    }


def test_new_time_zone_tells_the_old_time_in_the_old_zone(admin, event):
    old = event.starts_locally

    review = submit(admin, event, timezone="Europe/London")

    start = next(one for one in review.context["differences"] if one.field == "event_date")
    assert start.old.endswith(f"{old:%H:%M %Z}")
    assert start.new.endswith(f"{old:%H:%M} {'BST' if old.dst() else 'GMT'}")
    confirmed(admin, review)
    message = Notification.objects.filter(type="event_changed").first().message
    assert f"(before: {start.old})" in message


def test_raised_capacity_names_the_offers_before_they_are_made(admin, event):
    review = submit(admin, event, total_capacity="6")

    assert "1 (2 seats)" in text_of(review)
    assert not Promotion.objects.exists()
    saved = confirmed(admin, review, "no")
    assert Promotion.objects.get().quantity == 2
    assert "1 offer was made" in sentences(saved)


def test_new_price_says_what_it_means_for_the_waitlist(admin, event):
    entry = WaitlistEntry.objects.get()
    raised = submit(admin, event, base_price="25", current_price="25")
    lowered = submit(admin, event, base_price="15", current_price="15")

    assert "1 waitlist entry keeps the lower price" in text_of(raised)
    assert "1 waitlist entry gets the lower price" in text_of(lowered)
    entry.refresh_from_db()
    assert entry.unit_price == Decimal("20.00")


def test_open_offers_are_counted_where_sales_end_earlier(admin, event, organizer):
    other = EventFactory(created_by=organizer, total_capacity=1)
    booking = BookingFactory(event=other)
    entry = WaitlistEntryFactory(event=other)
    type(booking).objects.filter(pk=booking.pk).update(status="cancelled")
    offer(entry.pk)

    review = submit(admin, other, sales_end_at=later(other, days=-20))

    assert "1 open offer ends with the sales" in text_of(review)


@pytest.mark.parametrize("change", [{"description": "New"}, {"refund_policy": "None"}])
def test_change_without_consequences_is_saved_at_once(admin, event, change):
    assert submit(admin, event, **change).status_code == 302


def test_change_of_a_draft_or_without_attendees_is_saved_at_once(admin, organizer):
    for columns in ({"published_at": None}, {}):
        event = EventFactory(created_by=organizer, **columns)
        assert submit(admin, event, venue="New Mill").status_code == 302


def test_cancelling_is_confirmed_again_after_another_edit(admin, event):
    url = f"{EVENTS}{event.pk}/cancel/"
    asked = admin.get(url)
    assert "People to be notified" in text_of(asked)
    operations.edit_event(event_id=event.pk, version=None, name="Blues", notify=False)

    data = dict(asked.context["hidden"]) | {"confirmed": "yes", "reason": "Storm"}
    refused = admin.post(url, data)

    assert "Another person changed" in text_of(refused)
    assert "Storm" in text_of(refused)
    assert Event.objects.get(pk=event.pk).is_active
    data |= dict(refused.context["hidden"])
    assert admin.post(url, data).status_code == 302
    assert Event.objects.get(pk=event.pk).is_cancelled


def test_publishing_is_confirmed_again_after_another_edit(admin, organizer):
    draft = EventFactory(created_by=organizer, published_at=None)
    url = f"{EVENTS}{draft.pk}/publish/"
    asked = admin.get(url)
    operations.edit_event(event_id=draft.pk, version=None, venue="New Mill")

    refused = admin.post(url, dict(asked.context["hidden"]) | {"confirmed": "yes"})

    assert "Another person changed" in text_of(refused)
    assert "New Mill" in text_of(refused)
    assert not Event.objects.get(pk=draft.pk).is_published


def test_history_gives_each_time_in_the_time_zone_of_then(admin, event):
    starts = event.starts_locally
    in_london = starts.replace(tzinfo=ZoneInfo("Europe/London"))
    operations.edit_event(
        event_id=event.pk,
        version=None,
        timezone="Europe/London",
        event_date=in_london,
        notify=False,
    )
    later_on = in_london + timedelta(hours=1)
    operations.edit_event(event_id=event.pk, version=None, event_date=later_on)

    page = text_of(admin.get(f"{EVENTS}{event.pk}/trail/"))

    assert f"{starts:%H:%M %Z}" in page
    assert f"{in_london:%H:%M %Z}" in page
    assert f"{later_on:%H:%M %Z}" in page
    assert "not notified" in page


def test_lowered_capacity_warns_of_entries_that_would_wait_in_vain(admin, organizer):
    event = EventFactory(created_by=organizer, total_capacity=6, max_per_place=5)
    BookingFactory(event=event, quantity=4)
    WaitlistEntryFactory(event=event, quantity=5, min_quantity=5)

    review = submit(admin, event, total_capacity="4")

    assert "1 waitlist entry needs more than 4 seats" in text_of(review)
    assert not Notification.objects.filter(type="waitlist_outgrown").exists()
    saved = confirmed(admin, review, "no")
    assert "1 waitlist entry needs more than 4 seats" in sentences(saved)
    assert Notification.objects.filter(type="waitlist_outgrown").count() == 1


def test_lowered_limit_says_that_entries_keep_what_they_asked_for(admin, event):
    review = submit(admin, event, max_per_booking="2")

    assert "1 waitlist entry asks for more than the new limit" in text_of(review)
