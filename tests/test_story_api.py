"""The main job as one story, as an integrator sees it: over HTTP, in JSON."""

from datetime import UTC, datetime, timedelta

import pytest

from evently.accounts.factories import UserFactory
from evently.accounts.models import Role
from evently.api.tests.client import api, assert_problem
from events.models import Event
from notifications.models import Notification
from notifications.tasks import deliver_many
from waitlists.tasks import expire_promotions

pytestmark = pytest.mark.django_db(transaction=True)


def tell_everybody(mailoutbox) -> dict[str, list[str]]:
    """Deliver what is pending, as the worker would; return the subjects by address."""
    pending = Notification.objects.filter(status="pending").values_list("id", "user_id")
    deliver_many([[str(id_), str(user_id)] for id_, user_id in pending])
    told: dict[str, list[str]] = {}
    for mail in mailoutbox:
        told.setdefault(mail.to[0], []).append(mail.subject)
    return told


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

    # Attendees book until it is full.
    booking = book(api(ada), event_id, 3).json()
    assert (booking["status"], booking["total_amount"]) == ("confirmed", "37.50")
    assert book(api(ben), event_id, 1).status_code == 201
    assert ledger(event_id) == (4, 0)
    assert_problem(book(api(cleo), event_id, 2), 409, "sold_out")

    # The next ones join the waitlist.
    first = api(cleo).post("/api/v1/waitlists/", {"event": event_id, "quantity": 2})
    second = api(dan).post(
        "/api/v1/waitlists/", {"event": event_id, "quantity": 3, "min_quantity": 1}
    )
    assert (first.status_code, first.json()["position"]) == (201, 1)
    assert second.json()["position"] == 2

    # Somebody cancels: in the same moment the seats are kept for those in line, in order.
    cancelled = api(ada).post(f"/api/v1/bookings/{booking['id']}/cancel/")
    assert (cancelled.status_code, cancelled.json()["status"]) == (200, "cancelled")
    assert ledger(event_id) == (4, 0)
    (cleos_offer,) = api(cleo).get("/api/v1/promotions/").json()["results"]
    (dans_offer,) = api(dan).get("/api/v1/promotions/").json()["results"]
    assert (cleos_offer["quantity"], dans_offer["quantity"]) == (2, 1)
    assert_problem(book(api(ben), event_id, 1), 409, "sold_out")
    told = tell_everybody(mailoutbox)
    assert len(told[cleo.email]) >= 2

    # The second claims; the first lets the deadline pass, and the seats go on sale again.
    claimed = api(dan).post(f"/api/v1/promotions/{dans_offer['id']}/accept/")
    assert (claimed.status_code, claimed.json()["quantity"]) == (201, 1)
    clock.move(timedelta(days=4))
    too_late = api(cleo).post(f"/api/v1/promotions/{cleos_offer['id']}/accept/")
    assert_problem(too_late, 409, "promotion_expired")
    expire_promotions()
    assert ledger(event_id) == (4, 2)

    # Everybody was told, each once; nothing was oversold.
    told = tell_everybody(mailoutbox)
    assert all(len(subjects) == len(set(subjects)) for subjects in told.values()), told
    assert {ada.email, ben.email, cleo.email, dan.email} == set(told)
    inbox = api(cleo).get("/api/v1/notifications/?unread=true").json()["results"]
    assert {"waitlist_join", "waitlist_promotion"} <= {message["type"] for message in inbox}
    assert book(api(ben), event_id, 2).status_code == 201
    assert ledger(event_id) == (4, 0)
