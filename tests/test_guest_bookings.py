"""Booking under an address that anybody can type: what it ends, what it tells, what it leaves."""

import re
from datetime import timedelta
from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse

from bookings.factories import BookingFactory
from bookings.models import Booking, BookingAttempt
from bookings.operations.guests import REFUSALS_OF_STRANGERS
from evently.accounts.factories import PASSWORD, UserFactory, issued_token
from evently.accounts.models import User
from evently.accounts.operations import authenticate_token
from evently.tests.sql import run
from evently.throttle import count
from events.factories import EventFactory
from notifications.models import Notification
from waitlists.tests.helpers import full_event, join

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("still_time")]

STRANGER = "nobody@example.org"


def book(client, event, email, **changes):
    """Send the form of somebody who is not logged in, at the price shown."""
    fields = {
        "name": "Ada",
        "email": email,
        "quantity": "1",
        "unit_price": str(Decimal(event.current_price)),
    }
    return client.post(reverse("book", args=[event.pk]), fields | changes)


def refusals() -> list[tuple[str, int | None, bool]]:
    """Return (reason, seats, whether a person is named) of the log, oldest first."""
    return [
        (row.failure_reason, row.quantity, row.user_id is not None)
        for row in BookingAttempt.objects.filter(result="failed").order_by("attempted_at", "id")
    ]


def told(user) -> list[tuple[str, dict]]:
    rows = Notification.objects.filter(user=user).order_by("created_at", "id")
    return [(row.type, row.data) for row in rows]


def unproven() -> User:
    return UserFactory(email="ana@example.org", email_verified_at=None, password=PASSWORD)


# ── The account of an address that was never proven ─────────────────────────
CHEAP = {"unit_price": "0.01"}


@pytest.mark.parametrize(
    ("columns", "changes"),
    [
        ({"priced": 20}, CHEAP),
        ({"priced": 20}, {"quantity": "x"}),
        ({"priced": 20}, {"quantity": "11"}),
        ({"priced": 20, "total_capacity": 1}, {"quantity": "2"}),
        ({"max_per_person": 1}, {"quantity": "2"}),
    ],
)
def test_a_refused_attempt_changes_nothing_about_the_account(client, columns, changes):
    user = unproven()
    token, event, owner = issued_token(user), EventFactory(**columns), Client()
    owner.force_login(user)

    assert book(client, event, "ana@example.org", **changes).status_code in (409, 422)

    assert owner.get(reverse("account")).status_code == 200
    assert authenticate_token(token.secret) is not None
    assert User.objects.get(pk=user.pk).check_password(PASSWORD)
    assert told(user) == []


def test_an_attempt_that_only_its_owner_hears_of_changes_nothing_either(client):
    user, event = unproven(), EventFactory(max_per_person=1)
    BookingFactory(event=event, user=user)

    assert book(client, event, "ana@example.org").status_code == 409

    assert User.objects.get(pk=user.pk).check_password(PASSWORD)


def test_a_booking_shuts_out_whoever_came_before_and_tells_the_owner(client):
    user = unproven()
    token, event, mallory = issued_token(user), EventFactory(), Client()
    mallory.force_login(user)

    assert book(client, event, "ana@example.org").status_code == 302

    assert User.objects.get(pk=user.pk).is_guest
    assert mallory.get(reverse("account")).status_code == 302
    assert authenticate_token(token.secret) is None
    assert [type_ for type_, _ in told(user)] == ["password_ended", "booking_confirm"]


def test_a_booking_leaves_a_proven_account_alone(client):
    user = UserFactory(email="ana@example.org", password=PASSWORD)

    assert book(client, EventFactory(), "ana@example.org").status_code == 302

    assert User.objects.get(pk=user.pk).check_password(PASSWORD)
    assert [type_ for type_, _ in told(user)] == ["booking_confirm"]


def test_a_refused_attempt_makes_no_account(client):
    assert book(client, EventFactory(priced=20), STRANGER, **CHEAP).status_code == 409

    assert User.objects.with_address(STRANGER).count() == 0


# ── What a stranger learns ──────────────────────────────────────────────────
def at_limit(event) -> str:
    """Return the address of somebody who has all the seats they may have."""
    return str(BookingFactory(event=event, quantity=event.max_per_person).user.email)


def switched_off(event) -> str:
    return str(UserFactory(is_active=False).email)


def in_line(event) -> str:
    return str(join(event, quantity=event.max_per_person).user.email)


def answers(client, event, email, **changes) -> tuple[list[tuple[int, str]], list[str]]:
    """Return what somebody whose address is known sees, and what is mailed to them."""
    pages = []
    for address in (email, STRANGER):
        response = book(client, event, address, **changes)
        text = response.content.decode().replace(address, "")
        # Keys and tokens are new in each rendering of a form, and so is how long a price holds.
        text = re.sub(r"[\w.:-]{32,}|<time.*?</time>", "", text)
        pages.append((response.status_code, text))
    return pages, [type_ for type_, _ in told(User.objects.with_address(email).get())]


@pytest.mark.parametrize("known", [at_limit, switched_off])
@pytest.mark.parametrize(
    "changes",
    [
        CHEAP,
        {"quote": "bent"},
        {"quantity": "3"},
        {"quantity": "9"},
        {"quantity": "x"},
    ],
)
def test_a_request_that_nobody_could_book_with_tells_nothing(client, known, changes):
    event = EventFactory(priced=20, max_per_person=2, max_per_booking=4, total_capacity=20)

    (first, second), mailed = answers(client, event, known(event), **changes)

    assert first == second
    assert first[0] in (409, 422)
    assert mailed == []


@pytest.mark.parametrize("known", [at_limit, switched_off])
def test_sold_out_and_closed_tell_nothing(client, known, clock):
    event = EventFactory(max_per_person=2, total_capacity=2)
    email = known(event)
    BookingFactory.create_batch(Booking.objects.count() == 0 and 2, event=event)

    (first, second), mailed = answers(client, event, email)
    clock.move(timedelta(days=31))
    (third, fourth), _ = answers(client, event, email)

    assert first == second
    assert third == fourth
    assert mailed == []


def test_seats_kept_for_the_line_tell_nothing(client):
    event, _ = full_event(max_per_person=2)
    email = in_line(event)
    run("UPDATE events SET total_capacity = 4 WHERE id = %s", event.pk)

    (first, second), mailed = answers(client, event, email, quantity="2")

    assert first == second
    assert mailed == ["waitlist_join"]


@pytest.mark.parametrize(
    ("known", "why"), [(at_limit, "person_limit"), (switched_off, "account_inactive")]
)
def test_what_concerns_the_owner_alone_is_told_to_them(client, known, why):
    event = EventFactory(priced=20, max_per_person=2)
    email = known(event)
    before = Booking.objects.count()

    response = book(client, event, email)

    user = User.objects.with_address(email).get()
    assert response.status_code == 409
    assert "Look into your mail" in response.content.decode()
    assert Booking.objects.count() == before
    assert told(user) == [("guest_refused", {"refused": why})]
    assert refusals() == [(why, 1, why == "person_limit")]


def test_all_reasons_that_concern_the_owner_look_the_same(client):
    event = EventFactory(max_per_person=2)
    pages = []
    for email in (at_limit(event), switched_off(event)):
        response = book(client, event, email)
        pages.append((response.status_code, response.content.decode().replace(email, "")))

    assert pages[0] == pages[1]


def test_asking_leaves_the_seats_as_they_were(client):
    event = EventFactory(max_per_person=2, total_capacity=5)
    email = at_limit(event)

    book(client, event, email, quantity="2")

    event.refresh_from_db()
    assert event.available_seats == 3
    assert User.objects.count() == 2, "the organizer, and who has seats"


def test_a_form_sent_again_shows_its_booking_though_it_took_the_last_seat(client):
    event, key = EventFactory(total_capacity=1), {"idempotency_key": "k" * 32}

    first = book(client, event, "ana@example.org", **key)
    again = book(client, event, "ana@example.org", **key)
    changed = book(client, event, "ana@example.org", quantity="2", **key)

    assert (first.status_code, again.status_code) == (302, 302)
    assert first.url == again.url
    assert changed.status_code == 422
    assert "This form was sent already" in changed.content.decode()
    assert Booking.objects.count() == 1


# ── Every attempt is logged ─────────────────────────────────────────────────
@pytest.mark.parametrize(
    ("changes", "seats"),
    [
        ({"quantity": "x"}, None),
        ({"quantity": ""}, None),
        ({"quantity": "9" * 400}, None),
        ({"quantity": "2\x00"}, None),
        ({"email": ""}, 1),
        ({"email": "no address"}, 1),
        ({"email": "a\x00b@example.org"}, 1),
        ({"email": "x" * 400 + "@example.org"}, 1),
        ({"name": "null\x00byte"}, 1),
        ({"name": ""}, 1),
        ({"unit_price": "cheap"}, 1),
    ],
)
def test_what_makes_no_sense_is_logged_without_what_was_typed(client, changes, seats):
    fields = {"email": "ada@example.org"} | changes

    event = EventFactory()

    assert book(client, event, **fields).status_code == 422

    assert refusals() == [("invalid", seats, False)]


def test_what_somebody_logged_in_gets_wrong_is_logged_as_theirs(client, user):
    assert book(client, EventFactory(), "", quantity="x").status_code == 422

    assert BookingAttempt.objects.get().user_id == user.pk


def test_looking_at_another_price_is_no_attempt(client):
    book(client, EventFactory(), "", quantity="x", look="1")

    assert refusals() == []


@pytest.mark.parametrize("changes", [{"quantity": "x"}, {"quantity": "2"}])
def test_nobody_fills_the_log_for_free(client, changes):
    event = EventFactory(total_capacity=1)
    for _ in range(REFUSALS_OF_STRANGERS.most - 1):
        count((REFUSALS_OF_STRANGERS, "127.0.0.1"))

    answers = [book(client, event, "ada@example.org", **changes) for _ in range(3)]

    assert {answer.status_code for answer in answers} <= {409, 422}
    assert len(refusals()) == 1
