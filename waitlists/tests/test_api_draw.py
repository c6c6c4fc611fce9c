"""Draws over HTTP: in the event, their list as it is hashed, and what booking answers."""

import hashlib
from datetime import timedelta

import pytest

from evently.accounts.factories import OrganizerFactory, UserFactory
from evently.api.tests.client import api
from events.factories import EventFactory
from waitlists import drawing
from waitlists.models import Draw, WaitlistEntry
from waitlists.tests.drawing_rows import NUMBERS, SECRET, announce, freeze, now, reveal, step
from waitlists.tests.waiting import join

pytestmark = pytest.mark.django_db(transaction=True)


def drawn_event(clock, people=3):
    """Return an event of one seat, its entries, and its draw, which is done."""
    event = EventFactory(total_capacity=1, created_by=OrganizerFactory())
    draw = announce(event.pk)
    entries = [join(event) for _ in range(people)]
    freeze(draw, clock)
    reveal(draw, clock)
    return event, entries, Draw.objects.get(pk=draw)


def draw_of(event):
    return api().get(f"/api/v1/events/{event.pk}/").data["draw"]


def test_event_has_no_draw_until_one_is_announced():
    event = EventFactory()
    assert draw_of(event) is None
    announce(event.pk)

    draw = draw_of(event)

    assert (draw["number"], draw["state"], draw["beacon"]) == (1, "open", "numbers")
    assert draw["commitment"] == drawing.commitment_of(SECRET)
    assert [draw[name] for name in ("lots", "list_hash", "secret", "seed", "beacon_value")] == [
        None
    ] * 5
    assert api().get(f"/api/v1/events/{event.pk}/").data["sales_state"] == "draw"


def test_list_is_published_when_it_is_frozen_and_its_places_can_be_computed(clock):
    event = EventFactory(total_capacity=1)
    draw = announce(event.pk)
    entries = [join(event) for _ in range(3)]
    url = f"/api/v1/events/{event.pk}/draw/list/"

    early = api().get(url)
    freeze(draw, clock)
    response = api().get(url)
    text = response.content.decode()
    frozen = draw_of(event)

    assert (early.status_code, early.json()["code"]) == (404, "list_not_frozen")
    assert response.headers["Content-Type"] == "text/plain; charset=us-ascii"
    assert text.splitlines() == sorted(WaitlistEntry.objects.values_list("ref", flat=True))
    assert hashlib.sha256(response.content).hexdigest() == frozen["list_hash"]
    assert (frozen["state"], frozen["lots"], frozen["secret"]) == ("frozen", 3, None)
    same = api().get(url, headers={"If-None-Match": response.headers["ETag"]})
    assert same.status_code == 304
    assert api().get(url, headers={"Accept": "text/plain"}).status_code == 200

    reveal(draw, clock)
    drawn = draw_of(event)
    places = drawing.places(drawn["seed"], text.split())
    assert drawn["seed"] == drawing.seed_of(SECRET, drawn["list_hash"], NUMBERS)
    for entry in entries:
        own = api(entry.user).get(f"/api/v1/waitlists/{entry.pk}/").data
        assert (own["draw_place"], own["draw_lots"]) == (places[own["ref"]], 3)


def test_all_draws_are_listed_with_the_reasons_of_void_ones():
    event = EventFactory()
    draw = announce(event.pk)
    step(draw, status="void", void_reason="called off by the organizer")
    announce(event.pk)

    results = api().get(f"/api/v1/events/{event.pk}/draw/").data["results"]

    assert [(one["number"], one["state"], one["void_reason"]) for one in results] == [
        (2, "open", ""),
        (1, "void", "called off by the organizer"),
    ]
    assert draw_of(event)["number"] == 2
    assert not {"refs", "sealed_secret", "sealed_with"} & results[0].keys()


def test_list_of_a_void_draw_stays_available_by_its_number(clock):
    event = EventFactory()
    draw = announce(event.pk)
    entry = join(event)
    freeze(draw, clock)
    clock.stop(now() + timedelta(hours=2))
    step(draw, status="void", void_reason="not revealed within an hour")
    announce(event.pk)
    url = f"/api/v1/events/{event.pk}/draw/list/"

    assert api().get(url).status_code == 404
    assert api().get(f"{url}?number=1").content.decode() == f"{entry.ref}\n"
    assert api().get(f"{url}?number=x").status_code == 422
    assert api().get(f"{url}?number=3").json()["code"] == "list_not_frozen"


def test_draft_and_its_draw_are_hidden():
    event = EventFactory(published_at=None)
    announce(event.pk)

    assert api().get(f"/api/v1/events/{event.pk}/draw/").status_code == 404
    assert api().get(f"/api/v1/events/{event.pk}/draw/list/").status_code == 404


def test_booking_is_refused_while_a_draw_is_pending_and_joining_is_not():
    event = EventFactory(total_capacity=5)
    announce(event.pk)
    user = UserFactory()

    refused = api(user).post("/api/v1/bookings/", {"event": str(event.pk), "quantity": 1})
    joined = api(user).post("/api/v1/waitlists/", {"event": str(event.pk), "quantity": 1})

    assert (refused.status_code, refused.json()["code"]) == (409, "draw_pending")
    assert joined.status_code == 201
    assert joined.data["draw_place"] is None


def test_organizers_see_the_places_but_not_the_pseudonyms(clock):
    event, _entries, _ = drawn_event(clock)
    rows = api(event.created_by).get(f"/api/v1/events/{event.pk}/waitlist/").data["results"]

    assert sorted(row["draw_place"] for row in rows) == [1, 2, 3]
    assert "ref" not in rows[0]


def test_list_of_events_reads_draws_in_one_query_and_only_where_one_is_pending(
    django_assert_num_queries,
):
    pending = [EventFactory() for _ in range(4)]
    with django_assert_num_queries(2):
        api().get("/api/v1/events/")
    announce(pending[0].pk)
    with django_assert_num_queries(3):
        api().get("/api/v1/events/")
    for event in pending[1:3]:
        announce(event.pk)
    with django_assert_num_queries(3):
        rows = api().get("/api/v1/events/").data["results"]

    assert sum(row["draw"] is not None for row in rows) == 3
