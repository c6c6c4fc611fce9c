"""One's place in line: what the receipt tells, and leaving the line."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from bookings.factories import BookingFactory
from evently.links import sign_link
from events.factories import EventFactory
from waitlists import operations
from waitlists.models import EntryStatus, WaitlistEntry
from waitlists.tests.lines import free, full_event, wait

pytestmark = pytest.mark.django_db(transaction=True)


def steps_of(client, entry) -> list[str]:
    response = client.get(reverse("waitlist_entry", args=[entry.pk]))
    assert response.status_code == 200
    return [step["title"] for step in response.context["steps"]]


def test_receipt_tells_facts_newest_first(client, user):
    event, booking = full_event(seats=3)
    entry = wait(event, user, quantity=3)
    operations.set_priority(event_id=event.pk, entry_id=entry.pk, score=5, reason="Wheelchair")

    titles = steps_of(client, entry)
    assert titles == [
        "You are number 1 in line now",
        "The organizer changed your place in line",
        "You joined the line",
    ]
    free(booking)
    assert "3 seats were kept for you" in steps_of(client, entry)
    page = client.get(reverse("waitlist_entry", args=[entry.pk])).content.decode()
    assert "Wheelchair" in page
    assert "3 seats came back in the last 14 days." in page


def test_receipt_tells_why_one_moved_up(client, user):
    event = EventFactory(total_capacity=2)
    first, _ = (BookingFactory(event=event) for _ in range(2))
    event.refresh_from_db()
    leaver = [wait(event) for _ in range(2)][1]
    entry = wait(event, user)
    free(first)
    operations.leave_waitlist(event_id=event.pk, entry_id=leaver.pk)
    assert steps_of(client, entry) == [
        "You are number 1 in line now",
        "1 person before you left the line, and you moved up",
        "1 person before you was asked, and you moved up",
        "You joined the line",
    ]


def test_receipt_tells_being_passed_over(client, user):
    event = EventFactory(total_capacity=3)
    BookingFactory(event=event, quantity=2)
    last = BookingFactory(event=event, quantity=1)
    event.refresh_from_db()
    entry = wait(event, user, quantity=2)
    wait(event, quantity=1)
    free(last)
    assert "Too few seats came back for you, once" in steps_of(client, entry)


def test_leaving_asks_first(client, user):
    event, _ = full_event()
    entry = wait(event, user)
    url = reverse("leave_waitlist", args=[entry.pk])
    assert client.get(url).status_code == 200
    assert WaitlistEntry.objects.get().is_waiting
    assert client.post(url).status_code == 302
    assert WaitlistEntry.objects.get().status == EntryStatus.LEFT
    assert client.post(url).status_code == 409
    assert "You left the line" in steps_of(client, entry)


def test_leaving_and_joining_again_with_one_tap(client, user):
    event, _ = full_event()
    entry = wait(event, user, quantity=2, min_quantity=1)
    operations.leave_waitlist(event_id=event.pk, entry_id=entry.pk)
    page = client.get(reverse("waitlist_entry", args=[entry.pk]))
    data = {
        "idempotency_key": page.context["form"]["idempotency_key"].value(),
        "quantity": "2",
        "min_quantity": "1",
    }
    assert client.post(reverse("join_waitlist", args=[event.pk]), data).status_code == 302
    assert WaitlistEntry.objects.get().is_waiting


def test_my_waitlists_costs_the_same_for_one_and_many(client, user):
    counts = []
    for more in (1, 15):
        for _ in range(more):
            wait(full_event()[0], user)
        with CaptureQueriesContext(connection) as queries:
            assert client.get("/waitlists/").status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 7


def test_mailed_link_shows_a_place_in_line_and_leaves_it(client):
    event, _ = full_event()
    entry = wait(event)
    token = sign_link(purpose="entry", row_id=entry.pk, event_id=event.pk)
    assert "1st" in client.get(f"/w/{token}/").content.decode()
    assert client.get(f"/w/{token}/leave/").status_code == 200
    assert client.post(f"/w/{token}/leave/").status_code == 302
    assert WaitlistEntry.objects.get().status == EntryStatus.LEFT


def test_receipt_counts_what_came_back_in_the_last_14_days_alone(client, user, clock):
    event = EventFactory(total_capacity=5)
    first, _, last = (BookingFactory(event=event, quantity=count) for count in (1, 1, 3))
    event.refresh_from_db()
    entry = wait(event, user, quantity=5)
    url = reverse("waitlist_entry", args=[entry.pk])
    free(first)
    clock.move(timedelta(days=13))
    assert "1 seat came back in the last 14 days." in client.get(url).content.decode()
    clock.move(timedelta(days=15))
    assert "No seats came back in the last 14 days." in client.get(url).content.decode()
    free(last)
    assert "3 seats came back in the last 14 days." in client.get(url).content.decode()
