"""Organizers announce a draw, call it off, and enter the numbers that decide it."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from boxoffice.backoffice.todos import todos
from boxoffice.tests.organizing import tab
from evently.accounts.factories import OrganizerFactory
from evently.formatting import moment
from events.factories import EventFactory
from waitlists import operations
from waitlists.models import Beacon, Draw, WaitlistEntry
from waitlists.tests.drawing_rows import NUMBERS, announce, freeze, now
from waitlists.tests.waiting import join

pytestmark = pytest.mark.django_db(transaction=True)

CONFIRM = {"confirmed": "yes"}


@pytest.fixture
def event(organizer):
    return EventFactory(
        created_by=organizer,
        total_capacity=2,
        timezone="America/New_York",
        event_date=datetime(2099, 7, 4, 20, tzinfo=UTC),
    )


def typed(event, at):
    return at.astimezone(event.zone).strftime("%Y-%m-%dT%H:%M")


def announcing(event, **fields):
    closes_at = now() + timedelta(days=1)
    return {
        **CONFIRM,
        "closes_at": typed(event, closes_at),
        "beacon": "drand",
        "beacon_name": "",
        "beacon_at": "",
        **fields,
    }


def errors_after(response):
    assert response.status_code == 200
    return {name: list(texts) for name, texts in response.context["form"].errors.items()}


def test_page_says_what_a_draw_is_and_leads_to_announcing_one(admin, event):
    page = admin.get(tab(event, "draw")).content.decode()

    assert "No draw" in page
    assert tab(event, "draw_announce") in page


def test_organizer_announces_a_draw_in_the_time_zone_of_the_event(admin, event):
    join_page = admin.get(tab(event, "draw_announce")).content.decode()
    assert "no seats are sold or offered" in join_page
    form = announcing(event)

    response = admin.post(tab(event, "draw_announce"), form, follow=True)

    draw = Draw.objects.get()
    assert typed(event, draw.closes_at) == form["closes_at"]
    assert draw.beacon == "drand"
    page = response.content.decode()
    assert f"Join until {moment(draw.closes_at, event.zone)}" in page
    assert "The draw is announced." in page
    assert tab(event, "draw_off") in page


def test_numbers_need_a_name_and_a_time(admin, event):
    response = admin.post(tab(event, "draw_announce"), announcing(event, beacon="numbers"))

    errors = errors_after(response)

    assert list(errors) == ["beacon_name", "beacon_at"]
    assert not Draw.objects.exists()


@pytest.mark.parametrize(
    ("field", "closes", "due"),
    [
        ("closes_at", timedelta(hours=-1), None),
        ("beacon_at", timedelta(hours=2), timedelta(hours=2, minutes=2)),
        ("beacon_at", timedelta(hours=2), timedelta(days=365 * 100)),
        ("closes_at", timedelta(days=365 * 100), None),
    ],
)
def test_wrong_times_are_refused_beside_their_field(admin, event, field, closes, due):
    event.event_date = now() + timedelta(days=30)
    event.save()
    form = announcing(
        event,
        closes_at=typed(event, now() + min(closes, timedelta(days=60))),
        beacon_at=typed(event, now() + min(due, timedelta(days=60))) if due else "",
    )

    response = admin.post(tab(event, "draw_announce"), form)

    assert list(errors_after(response)) == [field]
    assert form["closes_at"] in response.content.decode()
    assert not Draw.objects.exists()


def test_time_that_does_not_exist_is_refused(admin, event):
    form = announcing(event, closes_at="2099-03-08T02:30")
    errors = errors_after(admin.post(tab(event, "draw_announce"), form))
    assert list(errors) == ["closes_at"]


def test_submitted_twice_announces_one_draw(admin, event):
    form = announcing(event)
    admin.post(tab(event, "draw_announce"), form)

    again = admin.post(tab(event, "draw_announce"), form)

    assert errors_after(again) == {"__all__": ["This event has a draw already."]}
    assert Draw.objects.count() == 1
    assert admin.get(tab(event, "draw_announce")).url == tab(event, "draw")


def test_two_organizers_who_announce_at_once_get_one_draw(organizer, event):
    barrier, answers = threading.Barrier(2), []

    def announce_too():
        client = Client()
        client.force_login(organizer)
        barrier.wait()
        answers.append(client.post(tab(event, "draw_announce"), announcing(event)))
        connection.close()

    threads = [threading.Thread(target=announce_too) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(answer.status_code for answer in answers) == [200, 302]
    assert Draw.objects.count() == 1


def test_organizer_of_another_event_sees_and_changes_nothing(client, event):
    announce(event.pk)
    client.force_login(OrganizerFactory())

    for key in ("draw", "draw_announce", "draw_off", "draw_numbers"):
        assert client.get(tab(event, key)).status_code == 404
        assert client.post(tab(event, key), CONFIRM).status_code == 404
    assert Draw.objects.get().status == "open"


def test_draw_is_called_off_until_it_closes(admin, event):
    announce(event.pk)
    for _ in range(3):
        join(event)
    page = admin.get(tab(event, "draw_off")).content.decode()

    response = admin.post(tab(event, "draw_off"), CONFIRM, follow=True)

    assert "in the order in which people joined" in page
    assert Draw.objects.get().void_reason == "called off by the organizer"
    assert WaitlistEntry.objects.filter(status="promoted").count() == 2
    body = response.content.decode()
    assert "Called off by the organizer" in body
    assert "Announce another draw" in body


def test_draw_that_has_closed_cannot_be_called_off(admin, event, clock):
    draw = announce(event.pk)
    freeze(draw, clock)

    response = admin.post(tab(event, "draw_off"), CONFIRM)

    assert "can no longer be called off" in response.content.decode()
    assert tab(event, "draw_off") not in admin.get(tab(event, "draw")).content.decode()


def test_state_counts_who_takes_part(admin, event):
    announce(event.pk)
    join(event)
    join(event, as_guest=True)

    context = admin.get(tab(event, "draw")).context

    assert (context["confirmed"], context["unconfirmed"]) == (1, 1)


def numbers_due(event, clock):
    closes_at = now() + timedelta(hours=1)
    draw = operations.announce_draw(
        event_id=event.pk,
        closes_at=closes_at,
        beacon=Beacon.NUMBERS,
        beacon_at=closes_at + timedelta(minutes=10),
        beacon_name="Lotto of Saturday",
    )
    entries = [join(event) for _ in range(3)]
    freeze(draw.pk, clock)
    clock.stop(Draw.objects.get().beacon_at + timedelta(minutes=1))
    return entries


def test_numbers_that_are_entered_twice_draw_the_order(admin, organizer, event, clock):
    numbers_due(event, clock)
    (todo,) = [one for one in todos(user=organizer, at=now()) if "numbers" in one.text]
    assert todo.urgent
    assert todo.url == tab(event, "draw")
    assert tab(event, "draw_numbers") in admin.get(todo.url).content.decode()
    asked = admin.get(tab(event, "draw_numbers")).content.decode()
    assert "The numbers are final" in asked

    form = {**CONFIRM, "beacon_value": NUMBERS, "again": NUMBERS.replace(" ", ", ")}
    response = admin.post(tab(event, "draw_numbers"), form, follow=True)

    assert Draw.objects.get().beacon_value == NUMBERS
    assert "The order is drawn, from 3 lots." in response.content.decode()
    assert WaitlistEntry.objects.filter(status="promoted").count() == 2
    assert not [one for one in todos(user=organizer, at=now()) if "numbers" in one.text]


def test_numbers_that_differ_or_are_none_are_refused_and_stay_in_the_form(admin, event, clock):
    numbers_due(event, clock)
    url = tab(event, "draw_numbers")

    differ = admin.post(url, {**CONFIRM, "beacon_value": "1 2 3", "again": "1 2 4"})
    words = admin.post(url, {**CONFIRM, "beacon_value": "one two", "again": "one two"})

    assert list(errors_after(differ)) == ["again"]
    assert 'value="1 2 4"' in differ.content.decode()
    assert list(errors_after(words)) == ["beacon_value"]
    assert Draw.objects.get().status == "frozen"


def test_numbers_are_not_taken_twice(admin, event, clock):
    numbers_due(event, clock)
    form = {**CONFIRM, "beacon_value": NUMBERS, "again": NUMBERS}
    admin.post(tab(event, "draw_numbers"), form)

    again = admin.post(
        tab(event, "draw_numbers"), {**form, "beacon_value": "1 2 3", "again": "1 2 3"}
    )

    assert errors_after(again) == {"__all__": ["This event has no draw."]}
    assert Draw.objects.get().beacon_value == NUMBERS


def test_todo_is_the_organizers_own(organizer, event, clock):
    numbers_due(event, clock)
    assert not [one for one in todos(user=OrganizerFactory(), at=now()) if "numbers" in one.text]


def test_overview_leads_to_the_pending_draw(admin, event):
    announce(event.pk)
    page = admin.get(tab(event, "overview")).content.decode()
    assert "Seats are drawn by lot" in page
    assert tab(event, "draw") in page


def test_offering_and_booking_by_hand_wait_for_the_draw(admin, event):
    announce(event.pk)
    entry = join(event)
    url = reverse("admin:waitlists_waitlistentry_offer_seats", args=[entry.pk])

    asked = admin.get(url).content.decode()
    response = admin.post(url, {**CONFIRM, "quantity": 1, "reason": "A friend"})
    moved = admin.get(reverse("admin:waitlists_waitlistentry_move", args=[entry.pk]))

    for page in (asked, response.content.decode()):
        assert "A draw is pending, and no seats are offered until its result." in page
    assert "orders all places that take part anew" in moved.content.decode()
    assert WaitlistEntry.objects.get().status == "waiting"


def test_booking_by_hand_waits_for_the_draw(event):
    from boxoffice.backoffice.by_hand import BookingsWait, book_by_hand
    from waitlists.tests.waiting import ORIGIN

    announce(event.pk)
    arguments = {"email": "ada@example.org", "name": "Ada", "quantity": 1, "origin": ORIGIN}
    for more in ({}, {"add_seats": True, "reason": "On the guest list"}):
        with pytest.raises(BookingsWait):
            book_by_hand(event_id=event.pk, **arguments, **more)


def test_list_of_events_costs_the_same_with_draws(admin, organizer, event):
    url = reverse("admin:events_event_changelist")

    def cost():
        with CaptureQueriesContext(connection) as queries:
            assert admin.get(url).status_code == 200
        return len(queries)

    admin.get(url)
    announce(event.pk)
    one = cost()
    for _ in range(3):
        announce(EventFactory(created_by=organizer).pk)
    assert cost() == one
