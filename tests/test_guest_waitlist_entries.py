"""Joining a line under an address that anybody can type."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from bookings.factories import BookingFactory
from evently.accounts.factories import PASSWORD, UserFactory, issued_token
from evently.accounts.models import User
from evently.accounts.operations import authenticate_token
from events.factories import EventFactory
from notifications.models import Notification
from waitlists.models import WaitlistEntry
from waitlists.tests.lines import full_event, wait

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("still_time")]

STRANGER = "nobody@example.org"


def join(client, event, email, **changes):
    fields = {"name": "Ada", "email": email, "quantity": "1"} | changes
    return client.post(reverse("join_waitlist", args=[event.pk]), fields)


def told(user) -> list[tuple[str, dict]]:
    rows = Notification.objects.filter(user=user).order_by("created_at", "id")
    return [(row.type, row.data) for row in rows]


def unproven() -> User:
    return UserFactory(email="ana@example.org", email_verified_at=None, password=PASSWORD)


def test_a_refused_attempt_changes_nothing_about_the_account(client):
    user, owner = unproven(), Client()
    token = issued_token(user)
    owner.force_login(user)

    assert join(client, EventFactory(), "ana@example.org").status_code == 409

    assert owner.get(reverse("account")).status_code == 200
    assert authenticate_token(token.secret) is not None
    assert told(user) == []


def test_who_waits_already_keeps_their_password_too(client):
    user, (event, _) = unproven(), full_event()
    wait(event, user)

    assert join(client, event, "ana@example.org").status_code == 200

    assert User.objects.get(pk=user.pk).check_password(PASSWORD)


def test_a_place_in_line_shuts_out_whoever_came_before_and_tells_the_owner(client):
    user, (event, _) = unproven(), full_event()

    assert join(client, event, "ana@example.org").status_code == 200

    assert User.objects.get(pk=user.pk).is_guest
    assert [type_ for type_, _ in told(user)] == ["password_ended", "waitlist_join"]


def test_a_refused_attempt_makes_no_account(client):
    assert join(client, EventFactory(), STRANGER).status_code == 409

    assert User.objects.with_address(STRANGER).count() == 0


# ── What a stranger learns ──────────────────────────────────────────────────
def waiting(event) -> str:
    return str(wait(event).user.email)


def at_limit(event) -> str:
    return str(event.bookings.get().user.email)


def switched_off(event) -> str:
    return str(UserFactory(is_active=False).email)


WHO = [(waiting, "already_waiting"), (at_limit, "person_limit"), (switched_off, "account_inactive")]


def both(client, event, email, **changes) -> list[tuple[int, str]]:
    pages = []
    for address in (email, STRANGER):
        response = join(client, event, address, **changes)
        pages.append((response.status_code, response.content.decode().replace(address, "")))
    return pages


@pytest.mark.parametrize(("known", "why"), WHO)
def test_everybody_sees_the_same_and_the_owner_is_told_why(client, known, why):
    event, _ = full_event(max_per_person=2)
    email = known(event)

    first, second = both(client, event, email)

    user = User.objects.with_address(email).get()
    assert first == second
    assert first[0] == 200
    assert told(user)[-1] == ("guest_refused", {"refused": why})
    assert WaitlistEntry.objects.filter(user=user).count() == (why == "already_waiting")


@pytest.mark.parametrize(("known", "why"), WHO)
@pytest.mark.parametrize("changes", [{"quantity": "9"}, {"quantity": "3"}, {"min_quantity": "2"}])
def test_a_wish_that_nobody_may_have_tells_nothing(client, known, why, changes):
    event, _ = full_event(max_per_person=2, max_per_booking=4)
    email = known(event)
    before = told(User.objects.with_address(email).get())

    pages = [
        (status, "already" in text or "Look into" in text)
        for status, text in both(client, event, email, **changes)
    ]

    assert pages[0] == pages[1]
    assert pages[0][0] in (409, 422)
    assert told(User.objects.with_address(email).get()) == before


@pytest.mark.parametrize(("known", "why"), WHO)
def test_a_closed_line_tells_nothing(client, known, why, clock):
    event, _ = full_event(max_per_person=2)
    email = known(event)
    clock.move(timedelta(days=31))

    (first, _), (second, _) = both(client, event, email)

    assert (first, second) == (409, 409)


def test_seats_on_sale_tell_nothing(client):
    event = EventFactory(max_per_person=2)
    email = BookingFactory(event=event, quantity=2).user.email

    (first, _), (second, _) = both(client, event, email)

    assert (first, second) == (409, 409)
