"""The main workflow from start to end, over the API."""

from datetime import UTC, datetime, timedelta

import pytest

from evently.accounts.factories import UserFactory
from evently.accounts.models import Role
from evently.api.tests.client import api, assert_problem
from events.models import Event
from notifications.tests.delivering import deliver_due
from waitlists.tasks import expire_promotions

pytestmark = pytest.mark.django_db(transaction=True)


def deliver_all(mailoutbox) -> dict[str, list[str]]:
    """Deliver pending notifications, as a mailer would; return the subjects by email address."""
    deliver_due()
    subjects_by_user: dict[str, list[str]] = {}
    for mail in mailoutbox:
        subjects_by_user.setdefault(mail.to[0], []).append(mail.subject)
    return subjects_by_user


def published_event(organizer, *, seats: int) -> str:
    answer = organizer.post(
        "/api/v1/events/",
        {
            "name": "Night of short films",
            "venue": "Kino Babylon, Berlin",
            "event_date": (datetime.now(UTC) + timedelta(days=20)).isoformat(),
            "timezone": "Europe/Berlin",
            "total_capacity": seats,
            "base_price": "12.50",
            "payment_mode": "door",
        },
    )
    assert answer.status_code == 201, answer.content
    event_id = answer.json()["id"]
    assert organizer.post(f"/api/v1/events/{event_id}/publish/").status_code == 200
    return event_id


def book(client, event_id: str, quantity: int):
    quote = client.post(f"/api/v1/events/{event_id}/quote/", {"quantity": quantity}).json()
    return client.post(
        "/api/v1/bookings/",
        {"event": event_id, "quantity": quantity, "quote": quote["quote"]},
    )


def ledger(event_id: str) -> tuple[int, int]:
    event = Event.objects.get(pk=event_id)
    return event.total_capacity, event.available_seats


def test_story_from_publishing_to_the_claimed_seat(clock, mailoutbox):
    organizer = api(UserFactory(role=Role.ADMIN))
    ada, ben, cleo, dan = (UserFactory() for _ in range(4))
    event_id = published_event(organizer, seats=4)

    # Attendees book until the event is full.
    booking = book(api(ada), event_id, 3).json()
    assert (booking["status"], booking["total_amount"]) == ("confirmed", "37.50")
    assert book(api(ben), event_id, 1).status_code == 201
    assert ledger(event_id) == (4, 0)
    assert_problem(book(api(cleo), event_id, 2), 409, "sold_out")

    # Two more attendees join the waitlist.
    place = {"event": event_id, "unit_price": "12.50"}
    first = api(cleo).post("/api/v1/waitlists/", {**place, "quantity": 2})
    second = api(dan).post("/api/v1/waitlists/", {**place, "quantity": 3, "min_quantity": 1})
    assert (first.status_code, first.json()["position"]) == (201, 1)
    assert second.json()["position"] == 2

    # An attendee cancels: in the same transaction the seats are offered to the waitlist, in order.
    cancelled = api(ada).post(f"/api/v1/bookings/{booking['id']}/cancel/")
    assert (cancelled.status_code, cancelled.json()["status"]) == (200, "cancelled")
    assert ledger(event_id) == (4, 0)
    (cleos_offer,) = api(cleo).get("/api/v1/promotions/").json()["results"]
    (dans_offer,) = api(dan).get("/api/v1/promotions/").json()["results"]
    assert (cleos_offer["quantity"], dans_offer["quantity"]) == (2, 1)
    assert_problem(book(api(ben), event_id, 1), 409, "sold_out")
    subjects_by_user = deliver_all(mailoutbox)
    # What she has been offered meanwhile makes the email about joining obsolete.
    assert len(subjects_by_user[cleo.email]) == 1

    # The second claims the offer; the offer of the first expires, and its seats are on sale again.
    claimed = api(dan).post(f"/api/v1/promotions/{dans_offer['id']}/accept/")
    assert (claimed.status_code, claimed.json()["quantity"]) == (201, 1)
    # He would keep his place for the other two seats, and leaves it.
    kept = api(dan).get(f"/api/v1/waitlists/{dans_offer['waitlist']}/").json()
    assert (kept["status"], kept["quantity"]) == ("waiting", 2)
    assert api(dan).delete(f"/api/v1/waitlists/{kept['id']}/").status_code == 204
    clock.move(timedelta(days=4))
    too_late = api(cleo).post(f"/api/v1/promotions/{cleos_offer['id']}/accept/")
    assert_problem(too_late, 409, "promotion_expired")
    expire_promotions()
    assert ledger(event_id) == (4, 2)

    # Every attendee was notified, each email was sent once, and the event is not oversold.
    subjects_by_user = deliver_all(mailoutbox)
    assert all(len(subjects) == len(set(subjects)) for subjects in subjects_by_user.values()), (
        subjects_by_user
    )
    assert {ada.email, ben.email, cleo.email, dan.email} == set(subjects_by_user)
    inbox = api(cleo).get("/api/v1/notifications/?unread=true").json()["results"]
    assert {"waitlist_join", "waitlist_promotion"} <= {message["type"] for message in inbox}
    assert book(api(ben), event_id, 2).status_code == 201
    assert ledger(event_id) == (4, 0)
