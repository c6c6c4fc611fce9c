"""The page of a waitlist entry: its receipt, and leaving the waitlist."""

import re
from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from bookings.factories import BookingFactory
from evently.database.clock import now
from evently.links import sign_link
from events.factories import EventFactory
from waitlists import operations
from waitlists.models import EntryStatus, WaitlistEntry
from waitlists.tests.helpers import cancel, full_event, join

pytestmark = pytest.mark.django_db(transaction=True)


def steps_of(client, entry) -> list[str]:
    response = client.get(reverse("waitlist_entry", args=[entry.pk]))
    assert response.status_code == 200
    return [step["title"] for step in response.context["steps"]]


def test_receipt_lists_steps_newest_first(client, user):
    event, booking = full_event(seats=3)
    entry = join(event, user, quantity=3)
    other = join(event, quantity=3)
    operations.place_entry(event_id=event.pk, entry_id=other.pk, position=1, reason="x")
    operations.place_entry(event_id=event.pk, entry_id=entry.pk, position=1, reason="Wheelchair")

    titles = steps_of(client, entry)
    assert titles == [
        "You are now at position 1 on the waitlist",
        "The organizer moved you to position 1",
        "The organizer moved another person ahead of you",
        "You joined the waitlist",
    ]
    cancel(booking)
    assert "3 seats were held for you" in steps_of(client, entry)
    page = client.get(reverse("waitlist_entry", args=[entry.pk])).content.decode()
    assert "Wheelchair" in page
    assert "Because 3 seats were cancelled." in page
    assert "3 seats were cancelled in the last 14 days." in page


def test_times_of_steps_are_those_of_the_event(client, user):
    event, _ = full_event(timezone="Asia/Tokyo")
    entry = join(event, user)

    page = client.get(reverse("waitlist_entry", args=[entry.pk])).content.decode()

    times = re.findall(r'timeline__at"><time datetime="([^"]+)">([^<]+)<', page)
    assert times
    for at, text in times:
        assert text.endswith(f", {datetime.fromisoformat(at).astimezone(event.zone):%H:%M}")


def test_receipt_explains_why_an_entry_moved_up(client, user):
    event = EventFactory(total_capacity=2)
    first, _ = (BookingFactory(event=event) for _ in range(2))
    event.refresh_from_db()
    leaver = [join(event) for _ in range(2)][1]
    entry = join(event, user)
    cancel(first)
    operations.leave_waitlist(event_id=event.pk, entry_id=leaver.pk)
    assert steps_of(client, entry) == [
        "You are now at position 1 on the waitlist",
        "1 person ahead of you left the waitlist",
        "1 person ahead of you was offered seats",
        "You joined the waitlist",
    ]


def test_receipt_counts_being_passed_over(client, user):
    event = EventFactory(total_capacity=3)
    BookingFactory(event=event, quantity=2)
    last = BookingFactory(event=event, quantity=1)
    event.refresh_from_db()
    entry = join(event, user, quantity=2)
    join(event, quantity=1)
    cancel(last)
    assert "1 seat was offered to a person behind you" in steps_of(client, entry)


def test_receipt_of_an_expired_entry_ends_with_its_expiry(client, user, clock):
    event, _ = full_event()
    entry = join(event, user, expires_at=now() + timedelta(hours=1))
    clock.move(timedelta(hours=2))
    operations.repair_waitlist(event_id=event.pk)

    assert steps_of(client, entry)[0] == "Your waitlist entry expired"


def test_leaving_asks_for_confirmation(client, user):
    event, _ = full_event()
    entry = join(event, user)
    url = reverse("leave_waitlist", args=[entry.pk])
    assert client.get(url).status_code == 200
    assert WaitlistEntry.objects.get().is_waiting
    assert client.post(url).status_code == 302
    assert WaitlistEntry.objects.get().status == EntryStatus.LEFT
    assert client.post(url).status_code == 409
    assert "You left the waitlist" in steps_of(client, entry)


def test_page_of_an_ended_entry_has_a_button_to_join_again(client, user):
    event, _ = full_event()
    entry = join(event, user, quantity=2, min_quantity=1)
    operations.leave_waitlist(event_id=event.pk, entry_id=entry.pk)
    page = client.get(reverse("waitlist_entry", args=[entry.pk]))
    data = {
        "idempotency_key": page.context["form"]["idempotency_key"].value(),
        "quantity": "2",
        "min_quantity": "1",
    }
    assert client.post(reverse("join_waitlist", args=[event.pk]), data).status_code == 302
    assert WaitlistEntry.objects.get().is_waiting


def test_my_waitlists_takes_the_same_queries_for_1_and_for_16(client, user):
    counts = []
    for more in (1, 15):
        for _ in range(more):
            join(full_event()[0], user)
        with CaptureQueriesContext(connection) as queries:
            assert client.get("/waitlists/").status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 7


def test_emailed_link_shows_an_entry_and_leaves(client):
    event, _ = full_event()
    entry = join(event)
    token = sign_link(purpose="entry", row_id=entry.pk, event_id=event.pk)
    assert "1st" in client.get(f"/w/{token}/").content.decode()
    assert client.get(f"/w/{token}/leave/").status_code == 200
    assert client.post(f"/w/{token}/leave/").status_code == 302
    assert WaitlistEntry.objects.get().status == EntryStatus.LEFT


def test_receipt_counts_seats_returned_in_the_last_14_days_only(client, user, clock):
    event = EventFactory(total_capacity=5, max_per_place=5)
    first, _, last = (BookingFactory(event=event, quantity=count) for count in (1, 1, 3))
    event.refresh_from_db()
    entry = join(event, user, quantity=5)
    url = reverse("waitlist_entry", args=[entry.pk])
    cancel(first)
    clock.move(timedelta(days=13))
    assert "1 seat was cancelled in the last 14 days." in client.get(url).content.decode()
    clock.move(timedelta(days=15))
    assert "No seats were cancelled in the last 14 days." in client.get(url).content.decode()
    cancel(last)
    assert "3 seats were cancelled in the last 14 days." in client.get(url).content.decode()


def test_page_shows_the_passes_and_that_seats_are_kept(client, user):
    event = EventFactory(total_capacity=6)
    last = [BookingFactory(event=event, quantity=quantity) for quantity in (3, 1, 1, 1)][1:]
    event.refresh_from_db()
    entry = join(event, user, quantity=4)
    for booking in last:
        join(event)
        cancel(booking)

    page = client.get(reverse("waitlist_entry", args=[entry.pk])).content.decode()

    assert "Free seats are kept for you" in page
    assert re.search(r"Times you were passed</dt><dd>3</dd>", page)
    assert entry.ref in page
