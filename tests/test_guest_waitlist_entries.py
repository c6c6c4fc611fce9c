"""Joining a waitlist as a guest, with an email address that anyone could enter."""

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
from waitlists.tests.helpers import full_event
from waitlists.tests.helpers import join as join_waitlist

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("still_time")]

UNKNOWN = "unknown@example.org"


def join(client, event, email, **changes):
    fields = {"name": "Ada", "email": email, "quantity": "1"} | changes
    return client.post(reverse("join_waitlist", args=[event.pk]), fields)


def notifications_of(user) -> list[tuple[str, dict]]:
    rows = Notification.objects.filter(user=user).order_by("created_at", "id")
    return [(row.type, row.data) for row in rows]


def unverified_user() -> User:
    return UserFactory(email="ana@example.org", email_verified_at=None, password=PASSWORD)


def test_refused_attempt_does_not_change_the_account(client):
    user, owner = unverified_user(), Client()
    token = issued_token(user)
    owner.force_login(user)

    assert join(client, EventFactory(), "ana@example.org").status_code == 409

    assert owner.get(reverse("account")).status_code == 200
    assert authenticate_token(token.secret) is not None
    assert notifications_of(user) == []


def test_user_who_already_waits_keeps_their_password(client):
    user, (event, _) = unverified_user(), full_event()
    join_waitlist(event, user)

    assert join(client, event, "ana@example.org").status_code == 200

    assert User.objects.get(pk=user.pk).check_password(PASSWORD)


def test_joining_ends_an_unverified_password_and_notifies_the_owner(client):
    user, (event, _) = unverified_user(), full_event()

    assert join(client, event, "ana@example.org").status_code == 200

    assert User.objects.get(pk=user.pk).is_guest
    assert [type_ for type_, _ in notifications_of(user)] == ["password_ended", "waitlist_confirm"]


def test_refused_attempt_creates_no_account(client):
    assert join(client, EventFactory(), UNKNOWN).status_code == 409

    assert User.objects.with_address(UNKNOWN).count() == 0


# ── What the page reveals ───────────────────────────────────────────────────
def waiting_user(event) -> str:
    return str(join_waitlist(event).user.email)


def user_at_limit(event) -> str:
    return str(event.bookings.get().user.email)


def deactivated_user(event) -> str:
    return str(UserFactory(is_active=False).email)


KNOWN_USERS = [
    (waiting_user, "already_waiting"),
    (user_at_limit, "person_limit"),
    (deactivated_user, "account_inactive"),
]


def pages_for_known_and_unknown(client, event, email, **changes) -> list[tuple[int, str]]:
    pages = []
    for address in (email, UNKNOWN):
        response = join(client, event, address, **changes)
        pages.append((response.status_code, response.content.decode().replace(address, "")))
    return pages


@pytest.mark.parametrize(("known_user", "reason"), KNOWN_USERS)
def test_page_is_the_same_and_the_owner_is_told_the_reason(client, known_user, reason):
    event, _ = full_event(max_per_person=2)
    email = known_user(event)

    first, second = pages_for_known_and_unknown(client, event, email)

    user = User.objects.with_address(email).get()
    assert first == second
    assert first[0] == 200
    assert notifications_of(user)[-1] == ("guest_refused", {"refused": reason})
    assert WaitlistEntry.objects.filter(user=user).count() == (reason == "already_waiting")


@pytest.mark.parametrize(("known_user", "reason"), KNOWN_USERS)
@pytest.mark.parametrize("changes", [{"quantity": "9"}, {"quantity": "3"}, {"min_quantity": "2"}])
def test_refusal_for_anyone_reveals_nothing(client, known_user, reason, changes):
    event, _ = full_event(max_per_person=2, max_per_booking=4)
    email = known_user(event)
    before = notifications_of(User.objects.with_address(email).get())

    pages = [
        (status, "already" in text or "Check your email" in text)
        for status, text in pages_for_known_and_unknown(client, event, email, **changes)
    ]

    assert pages[0] == pages[1]
    assert pages[0][0] in (409, 422)
    assert notifications_of(User.objects.with_address(email).get()) == before


@pytest.mark.parametrize(("known_user", "reason"), KNOWN_USERS)
def test_closed_waitlist_reveals_nothing(client, known_user, reason, clock):
    event, _ = full_event(max_per_person=2)
    email = known_user(event)
    clock.move(timedelta(days=31))

    (first, _), (second, _) = pages_for_known_and_unknown(client, event, email)

    assert (first, second) == (409, 409)


def test_seats_on_sale_reveal_nothing(client):
    event = EventFactory(max_per_person=2)
    email = BookingFactory(event=event, quantity=2).user.email

    (first, _), (second, _) = pages_for_known_and_unknown(client, event, email)

    assert (first, second) == (409, 409)
