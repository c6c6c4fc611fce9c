"""Booking as a guest: effects on the account, what a response reveals, the log of attempts."""

import re
from datetime import timedelta
from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse

from bookings.factories import BookingFactory
from bookings.models import AttemptResult, Booking, BookingAttempt
from bookings.operations.guests import LOGGED_FORM_REFUSALS
from evently.accounts.factories import PASSWORD, UserFactory, issued_token
from evently.accounts.models import User
from evently.accounts.operations import authenticate_token
from evently.tests.sql import run
from evently.throttle import count
from events.factories import EventFactory
from notifications.models import Notification
from waitlists.tests.helpers import full_event, join

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("still_time")]

UNKNOWN = "unknown@example.org"


def book(client, event, email, **changes):
    """Submit the form as a guest, at the price shown."""
    fields = {
        "name": "Ada",
        "email": email,
        "quantity": "1",
        "unit_price": str(Decimal(event.current_price)),
    }
    return client.post(reverse("book", args=[event.pk]), fields | changes)


def refusals() -> list[tuple[str, int | None, bool]]:
    """Return (reason, quantity, whether it names a user) of refused attempts, oldest first."""
    return [
        (row.failure_reason, row.quantity, row.user_id is not None)
        for row in BookingAttempt.objects.filter(result=AttemptResult.FAILED).order_by(
            "attempted_at", "id"
        )
    ]


def notified(user) -> list[tuple[str, dict]]:
    rows = Notification.objects.filter(user=user).order_by("created_at", "id")
    return [(row.type, row.data) for row in rows]


def unverified() -> User:
    return UserFactory(email="ana@example.org", email_verified_at=None, password=PASSWORD)


# ── Accounts with an unverified email address ───────────────────────────────
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
def test_refused_attempt_does_not_change_the_account(client, columns, changes):
    user = unverified()
    token, event, owner = issued_token(user), EventFactory(**columns), Client()
    owner.force_login(user)

    assert book(client, event, "ana@example.org", **changes).status_code in (409, 422)

    assert owner.get(reverse("account")).status_code == 200
    assert authenticate_token(token.secret) is not None
    assert User.objects.get(pk=user.pk).check_password(PASSWORD)
    assert notified(user) == []


def test_refusal_that_only_the_owner_learns_does_not_change_the_account(client):
    user, event = unverified(), EventFactory(max_per_person=1)
    BookingFactory(event=event, user=user)

    assert book(client, event, "ana@example.org").status_code == 409

    assert User.objects.get(pk=user.pk).check_password(PASSWORD)


def test_booking_ends_earlier_access_to_the_account_and_notifies_the_owner(client):
    user = unverified()
    token, event, mallory = issued_token(user), EventFactory(), Client()
    mallory.force_login(user)

    assert book(client, event, "ana@example.org").status_code == 302

    assert User.objects.get(pk=user.pk).is_guest
    assert mallory.get(reverse("account")).status_code == 302
    assert authenticate_token(token.secret) is None
    assert [type_ for type_, _ in notified(user)] == ["password_ended", "booking_confirm"]


def test_booking_does_not_change_a_verified_account(client):
    user = UserFactory(email="ana@example.org", password=PASSWORD)

    assert book(client, EventFactory(), "ana@example.org").status_code == 302

    assert User.objects.get(pk=user.pk).check_password(PASSWORD)
    assert [type_ for type_, _ in notified(user)] == ["booking_confirm"]


def test_refused_attempt_creates_no_account(client):
    assert book(client, EventFactory(priced=20), UNKNOWN, **CHEAP).status_code == 409

    assert User.objects.with_address(UNKNOWN).count() == 0


# ── What a response reveals ─────────────────────────────────────────────────
def at_limit(event) -> str:
    """Return the email address of a user who has reached the limit per person."""
    return str(BookingFactory(event=event, quantity=event.max_per_person).user.email)


def deactivated(event) -> str:
    return str(UserFactory(is_active=False).email)


def on_waitlist(event) -> str:
    return str(join(event, quantity=event.max_per_person).user.email)


def responses(client, event, email, **changes) -> tuple[list[tuple[int, str]], list[str]]:
    """Return (status, page) for a known and an unknown address, and the emails to the known."""
    pages = []
    for address in (email, UNKNOWN):
        response = book(client, event, address, **changes)
        text = response.content.decode().replace(address, "")
        # Keys, tokens and the expiry of the quote are new in each rendering of a form.
        text = re.sub(r"[\w.:-]{32,}|<time.*?</time>", "", text)
        pages.append((response.status_code, text))
    return pages, [type_ for type_, _ in notified(User.objects.with_address(email).get())]


@pytest.mark.parametrize("known", [at_limit, deactivated])
@pytest.mark.parametrize(
    "changes",
    [
        CHEAP,
        {"quote": "malformed"},
        {"quantity": "3"},
        {"quantity": "9"},
        {"quantity": "x"},
    ],
)
def test_request_refused_for_any_user_reveals_nothing(client, known, changes):
    event = EventFactory(priced=20, max_per_person=2, max_per_booking=4, total_capacity=20)

    (first, second), emails = responses(client, event, known(event), **changes)

    assert first == second
    assert first[0] in (409, 422)
    assert emails == []


@pytest.mark.parametrize("known", [at_limit, deactivated])
def test_sold_out_and_closed_sales_reveal_nothing(client, known, clock):
    event = EventFactory(max_per_person=2, total_capacity=2)
    email = known(event)
    BookingFactory.create_batch(Booking.objects.count() == 0 and 2, event=event)

    (first, second), emails = responses(client, event, email)
    clock.move(timedelta(days=31))
    (third, fourth), _ = responses(client, event, email)

    assert first == second
    assert third == fourth
    assert emails == []


def test_waitlist_first_reveals_nothing(client):
    event, _ = full_event(max_per_person=2)
    email = on_waitlist(event)
    run("UPDATE events SET total_capacity = 4 WHERE id = %s", event.pk)

    (first, second), emails = responses(client, event, email, quantity="2")

    assert first == second
    assert emails == ["waitlist_join"]


@pytest.mark.parametrize(
    ("known", "reason"), [(at_limit, "person_limit"), (deactivated, "account_inactive")]
)
def test_refusal_that_concerns_the_owner_is_sent_to_them_alone(client, known, reason):
    event = EventFactory(priced=20, max_per_person=2)
    email = known(event)
    before = Booking.objects.count()

    response = book(client, event, email)

    user = User.objects.with_address(email).get()
    assert response.status_code == 409
    assert "Check your email" in response.content.decode()
    assert Booking.objects.count() == before
    assert notified(user) == [("guest_refused", {"refused": reason})]
    assert refusals() == [(reason, 1, reason == "person_limit")]


def test_all_refusals_that_concern_the_owner_look_the_same(client):
    event = EventFactory(max_per_person=2)
    pages = []
    for email in (at_limit(event), deactivated(event)):
        response = book(client, event, email)
        pages.append((response.status_code, response.content.decode().replace(email, "")))

    assert pages[0] == pages[1]


def test_refused_attempt_leaves_the_seats_unchanged(client):
    event = EventFactory(max_per_person=2, total_capacity=5)
    email = at_limit(event)

    book(client, event, email, quantity="2")

    event.refresh_from_db()
    assert event.available_seats == 3
    assert User.objects.count() == 2, "the organizer, and the attendee"


def test_form_submitted_again_shows_its_booking_even_if_that_took_the_last_seat(client):
    event, key = EventFactory(total_capacity=1), {"idempotency_key": "k" * 32}

    first = book(client, event, "ana@example.org", **key)
    again = book(client, event, "ana@example.org", **key)
    changed = book(client, event, "ana@example.org", quantity="2", **key)

    assert (first.status_code, again.status_code) == (302, 302)
    assert first.url == again.url
    assert changed.status_code == 422
    assert "This form has already been submitted" in changed.content.decode()
    assert Booking.objects.count() == 1


# ── The log of attempts ─────────────────────────────────────────────────────
@pytest.mark.parametrize(
    ("changes", "quantity"),
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
def test_invalid_form_is_logged_without_what_was_typed(client, changes, quantity):
    fields = {"email": "ada@example.org"} | changes

    event = EventFactory()

    assert book(client, event, **fields).status_code == 422

    assert refusals() == [("invalid", quantity, False)]


def test_invalid_form_of_a_user_is_logged_with_the_user(client, user):
    assert book(client, EventFactory(), "", quantity="x").status_code == 422

    assert BookingAttempt.objects.get().user_id == user.pk


def test_updating_the_price_is_not_an_attempt(client):
    book(client, EventFactory(), "", quantity="x", look="1")

    assert refusals() == []


@pytest.mark.parametrize("changes", [{"quantity": "x"}, {"quantity": "2"}])
def test_refused_forms_fill_the_log_up_to_a_limit(client, changes):
    event = EventFactory(total_capacity=1)
    for _ in range(LOGGED_FORM_REFUSALS.most - 1):
        count((LOGGED_FORM_REFUSALS, "127.0.0.1"))

    responses = [book(client, event, "ada@example.org", **changes) for _ in range(3)]

    assert {response.status_code for response in responses} <= {409, 422}
    assert len(refusals()) == 1
