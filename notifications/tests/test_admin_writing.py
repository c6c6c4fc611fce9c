"""Writing to attendees in the admin: drafting, previewing, sending, scheduling, stopping."""

import re
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from django.core import mail
from django.urls import reverse

from bookings.factories import BookingFactory
from evently.accounts.factories import OrganizerFactory, UserFactory
from evently.tests.sql import run
from events.factories import EventFactory
from events.models import EventStaff, StaffRole
from events.operations import edit_event
from notifications import tasks
from notifications.message_models import OrganizerMessage
from notifications.models import Notification
from notifications.tests.delivering import deliver_due

pytestmark = pytest.mark.django_db

LIST = "/admin/events/event/{}/written/"
WRITE = "/admin/events/event/{}/write/"
PAGE = "/admin/notifications/organizermessage/{}/"


@pytest.fixture
def event():
    return EventFactory(
        name="Jazz", timezone="Europe/Berlin", venue="Old Mill", created_by=OrganizerFactory()
    )


@pytest.fixture
def organizer(client, event):
    client.force_login(event.created_by)
    return event.created_by


def text_of(response):
    return re.sub(r"\s+", " ", response.content.decode())


def entered(**given):
    return {
        "message": str(uuid4()),
        "subject": "Doors",
        "body": "Dear {userName}, at seven.",
        "audience": "booked",
        "references": "",
    } | given


def written(client, event, **given):
    response = client.post(WRITE.format(event.pk), entered(**given))
    assert response.status_code == 302, text_of(response)
    return OrganizerMessage.objects.latest("created_at")


def confirm(client, message, action, **given):
    message.refresh_from_db()
    data = {"confirmed": "yes", "version": message.version, **given}
    return client.post(f"{PAGE.format(message.pk)}{action}/", data, follow=True)


def test_organizer_writes_previews_sends_and_sees_how_far_it_is(client, organizer, event):
    first = BookingFactory(event=event).user
    BookingFactory(event=event)
    form = text_of(client.get(WRITE.format(event.pk)))
    assert "{userName} (the name of each recipient)" in form

    message = written(client, event)

    page = text_of(client.get(f"{PAGE.format(message.pk)}change/"))
    assert "2 people now: 2 by email." in page
    assert "Nowhere: this event shows no contact address" in page
    assert "Who gets it is looked up when it is sent." in page
    preview = client.get(f"{PAGE.format(message.pk)}preview/")
    assert f"Dear {organizer.name}, at seven." in text_of(preview)
    assert "sandbox" in preview.headers["Content-Security-Policy"]
    asked = text_of(client.get(f"{PAGE.format(message.pk)}send/"))
    assert "2 people now: 2 by email." in asked
    assert "Messages left today" in asked

    done = text_of(confirm(client, message, "send"))

    assert "The message is being sent to 2 people." in done
    assert "every 3s" in done
    # The same button once more, or the page from the history of the browser.
    again = confirm(client, message, "send")
    assert "was sent already" in text_of(again)
    tasks.send_messages()
    assert Notification.objects.filter(type="organizer_message").count() == 2
    deliver_due()
    progress = text_of(client.get(f"{PAGE.format(message.pk)}progress/"))
    assert "every 3s" not in progress
    assert "hx-get" not in progress
    assert "Emails handed over</dt> <dd> 2 </dd>" in progress
    assert "2 people notified" in text_of(client.get(LIST.format(event.pk)))

    client.force_login(first)
    inbox = text_of(client.get("/notifications/"))
    url = re.search(r'/notifications/[^"]+/message/', inbox)[0]
    assert f"Dear {first.name}, at seven." in text_of(client.get(url))
    assert not Notification.objects.get(user=first, type="organizer_message").is_unread
    client.force_login(UserFactory())
    assert client.get(url).status_code == 404


def test_form_that_is_sent_twice_is_one_draft_and_keeps_what_is_wrong(client, organizer, event):
    data = entered()
    for _ in range(2):
        assert client.post(WRITE.format(event.pk), data).status_code == 302
    assert OrganizerMessage.objects.count() == 1

    wrong = client.post(
        WRITE.format(event.pk),
        entered(subject="Hello {name}", audience="bookings", references="EVT9 EVT8,EVT9"),
    )

    assert wrong.status_code == 422
    assert "{name} is not a placeholder here" in text_of(wrong)
    assert "This event has no booking EVT9, EVT8." in text_of(wrong)
    assert "Hello {name}" in text_of(wrong)
    assert OrganizerMessage.objects.count() == 1


def test_draft_that_another_has_changed_is_not_overwritten_unseen(client, organizer, event):
    message = written(client, event)
    url = f"{WRITE.format(event.pk)}?message={message.pk}"
    assert "Dear {userName}, at seven." in text_of(client.get(url))
    same = {"message": message.pk, "version": message.version}
    assert client.post(url, entered(**same, body="At eight.")).status_code == 302

    late = client.post(url, entered(**same, body="At nine."))

    assert late.status_code == 422
    assert "has changed while you were editing it" in text_of(late)
    assert "At nine." in text_of(late)
    # A confirmation of what was on the page before is asked again.
    stale = client.post(
        f"{PAGE.format(message.pk)}send/", {"confirmed": "yes", "version": message.version}
    )
    assert "Another person changed this while the page was open" in text_of(stale)
    version = re.search(r'name="version" value="(\d+)"', text_of(late))[1]
    newer = client.post(url, entered(**same | {"version": version}, body="At nine."))
    assert newer.status_code == 302
    message.refresh_from_db()
    assert message.body == "At nine."


@pytest.mark.parametrize(
    ("send_at", "says"),
    [
        ("2027-03-28T02:30", "02:30 does not exist on 28 March 2027"),
        ("2027-10-31T02:30", "02:30 exists twice on 31 October 2027"),
        ("2020-01-01T10:00", "Enter a time in the future"),
        ("2027-12-02T10:00", "The event is over by then"),
    ],
    ids=["skipped", "twice", "past", "after"],
)
def test_time_is_asked_about_where_it_cannot_be_meant(client, clock, send_at, says):
    message = draft_for_the_winter(client, clock)

    page = confirm(client, message, "schedule", send_at=send_at)

    assert says in text_of(page)
    message.refresh_from_db()
    assert message.state == "draft"


def draft_for_the_winter(client, clock):
    """Return a draft of an event in December 2027, in March."""
    clock.stop(datetime(2027, 3, 1, tzinfo=UTC))
    event = EventFactory(
        timezone="Europe/Berlin",
        event_date=datetime(2027, 12, 1, 20, tzinfo=UTC),
        created_by=OrganizerFactory(),
    )
    BookingFactory(event=event)
    client.force_login(event.created_by)
    return written(client, event)


def test_message_is_scheduled_by_the_clocks_of_the_event(client, clock):
    message = draft_for_the_winter(client, clock)
    assert "left today" not in text_of(client.get(f"{PAGE.format(message.pk)}schedule/"))
    page = confirm(client, message, "schedule", send_at="2027-10-31T02:30", send_at_fold="1")
    assert "will be sent on" in text_of(page)
    message.refresh_from_db()
    assert message.send_at.isoformat() == "2027-10-31T01:30:00+00:00"

    # Over a warning, once that was read.
    after = confirm(client, message, "schedule", send_at="2027-12-02T10:00", anyway="on")
    assert "will be sent on" in text_of(after)
    assert f'href="{PAGE.format(message.pk)}unschedule/">Unschedule…</a>' in text_of(after)
    assert "is a draft again" in text_of(confirm(client, message, "unschedule"))
    confirm(client, message, "remove")
    assert not OrganizerMessage.objects.exists()


def test_message_that_was_held_is_on_the_dashboard_and_in_the_history(client, organizer, event):
    BookingFactory(event=event)
    message = written(client, event)
    at = (event.event_date - timedelta(days=1)).strftime("%Y-%m-%dT%H:%M")
    assert "will be sent on" in text_of(confirm(client, message, "schedule", send_at=at))

    edit_event(event_id=event.pk, version=None, venue="The Barn")

    assert "The message “Doors” was not sent: check it" in text_of(client.get("/admin/"))
    run("UPDATE organizer_messages SET subject = 'Doors of {eventName}, {eventDate}'")
    held = f"The message “Doors of {event.name}, …” was not sent: check it"
    assert held in text_of(client.get("/admin/"))
    page = text_of(client.get(f"{PAGE.format(message.pk)}change/"))
    assert "as the time or place of the event has changed since" in page
    assert "{eventName}" not in page
    history = text_of(client.get(f"/admin/events/event/{event.pk}/trail/"))
    assert "wrote a message to attendees" in history
    assert "at seven" not in history


def test_organizer_writes_to_chosen_bookings_and_gets_a_test_first(client, organizer, event):
    bookings = [BookingFactory(event=event) for _ in range(3)]
    chosen = {"action": "write_to_selected", "_selected_action": [one.pk for one in bookings[:2]]}
    form = client.post(f"/admin/events/event/{event.pk}/attendees/", chosen, follow=True)
    assert all(one.booking_reference in text_of(form) for one in bookings[:2])
    assert bookings[2].booking_reference not in text_of(form)
    one = client.get(f"/admin/bookings/booking/{bookings[0].pk}/write/", follow=True)
    assert bookings[0].booking_reference in text_of(one)
    references = " ".join(one.booking_reference for one in bookings[:2])
    message = written(client, event, audience="bookings", references=references)
    assert "2 people now" in text_of(client.get(f"{PAGE.format(message.pk)}change/"))

    done = confirm(client, message, "test")

    assert f"A test goes to {organizer.email}." in text_of(done)
    deliver_due()
    (email,) = mail.outbox
    assert (email.to, email.subject) == ([organizer.email], "Test: Doors")
    assert f"Dear {organizer.name}, at seven." in email.body
    confirm(client, message, "send")
    tasks.send_messages()
    page = text_of(client.get(f"{PAGE.format(message.pk)}change/"))
    assert "Notified</dt> <dd> 2 </dd>" in page
    # The head of the page stays as it was loaded, while the numbers are kept up to date.
    assert "people notified" not in page
    assert "2 bookings" in page


def test_stop_says_how_many_emails_were_taken_back(client, organizer, event):
    for _ in range(3):
        BookingFactory(event=event)
    message = written(client, event)
    confirm(client, message, "send")
    tasks.send_messages()
    asked = text_of(client.get(f"{PAGE.format(message.pk)}stop/"))
    assert "Emails waiting</dt> <dd> 3 </dd>" in asked

    page = text_of(confirm(client, message, "stop"))

    assert "0 emails had been handed over, and 3 emails were taken back." in page
    assert "every 3s" not in page


def test_who_helps_at_the_door_or_organizes_other_events_sees_nothing(client, event):
    door, manager = OrganizerFactory(), OrganizerFactory()
    EventStaff.objects.create(event=event, user=door, role=StaffRole.DOOR)
    EventStaff.objects.create(event=event, user=manager, role=StaffRole.MANAGER)
    client.force_login(manager)
    message = written(client, event)
    assert message.by == manager
    pages = [
        LIST.format(event.pk),
        WRITE.format(event.pk),
        *(
            f"{PAGE.format(message.pk)}{name}/"
            for name in (
                "change",
                "preview",
                "progress",
                "send",
                "schedule",
                "edit",
                "stop",
                "remove",
            )
        ),
    ]
    for user in (door, OrganizerFactory()):
        client.force_login(user)
        assert [client.get(page).status_code for page in pages] == [404] * len(pages)
    client.force_login(UserFactory())
    assert client.get(pages[0]).status_code == 302
    assert reverse("admin:login") in client.get(pages[0]).url
