"""Several addresses of one mailbox count as one person, as far as addresses tell."""

import threading

import pytest
from django.db import connections
from django.urls import reverse

from bookings import operations as bookings
from bookings.models import Booking
from evently.accounts.factories import UserFactory
from evently.accounts.models import User
from evently.errors import DomainError
from evently.origin import Origin
from evently.privacy.addresses import digest_of_mailbox
from evently.tests.rows import check_everything
from events.factories import EventFactory
from notifications.models import Notification
from waitlists import operations as waitlists
from waitlists.models import WaitlistEntry
from waitlists.tests.helpers import full_event, join

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("still_time")]

ORIGIN = Origin(ip_address="192.0.2.1", user_agent="test")
ANA, ALIASES = "ana@gmail.com", ("ana+1@gmail.com", "a.na@googlemail.com", "An.A+x@GMail.com")


def book(event, email, quantity=1):
    user = User.objects.with_address(email).first() or UserFactory(email=email)
    return bookings.book_seats(event_id=event.pk, user_id=user.pk, quantity=quantity, origin=ORIGIN)


def join_as_guest(client, event, email, quantity=1):
    fields = {"name": "Ana", "email": email, "quantity": str(quantity)}
    return client.post(reverse("join_waitlist", args=[event.pk]), fields)


# ── The limit per person ────────────────────────────────────────────────────
@pytest.mark.parametrize("alias", ALIASES)
def test_limit_per_person_holds_for_all_addresses_of_a_mailbox(alias):
    event = EventFactory(max_per_person=2)
    book(event, ANA, 2)

    with pytest.raises(bookings.PersonLimit):
        book(event, alias)
    assert book(event, "an.b@gmail.com").quantity == 1


def test_dots_matter_elsewhere():
    event = EventFactory(max_per_person=2)
    book(event, "ana@example.org", 2)

    assert book(event, "a.na@example.org", 2)
    with pytest.raises(bookings.PersonLimit):
        book(event, "ana+2@example.org")


def test_mailbox_of_a_booking_is_stored_where_a_limit_needs_it():
    assert book(EventFactory(), ANA).mailbox is None
    assert book(EventFactory(max_per_person=2), ANA).mailbox == digest_of_mailbox(ALIASES[0])


def test_two_addresses_of_a_mailbox_that_book_at_once_get_the_limit_together():
    event = EventFactory(max_per_person=2)
    users = [UserFactory(email=email) for email in (ANA, *ALIASES)]
    start, outcomes = threading.Barrier(len(users)), []

    def try_it(user):
        try:
            start.wait(timeout=30)
            outcomes.append(
                bookings.book_seats(event_id=event.pk, user_id=user.pk, quantity=2, origin=ORIGIN)
            )
        except DomainError as refusal:
            outcomes.append(refusal)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=try_it, args=[user]) for user in users]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=120)

    kinds = [type(outcome) for outcome in outcomes]
    assert (kinds.count(Booking), kinds.count(bookings.PersonLimit)) == (1, 3)
    check_everything()


def test_guest_at_the_limit_of_the_mailbox_is_told_by_email_alone(client):
    event = EventFactory(max_per_person=2)
    book(event, ANA, 2)
    fields = {"name": "Ana", "email": ALIASES[0], "quantity": "1"}

    response = client.post(reverse("book", args=[event.pk]), fields)

    assert response.status_code == 409
    assert "Check your email" in response.content.decode()
    told = Notification.objects.filter(user=User.objects.with_address(ALIASES[0]).get())
    assert told.values_list("type", "data").get() == (
        "guest_refused",
        {"refused": "person_limit"},
    )


# ── The waitlist ────────────────────────────────────────────────────────────
@pytest.mark.parametrize("alias", ALIASES)
def test_mailbox_has_one_place_on_a_waitlist(alias):
    event, _ = full_event()
    entry = join(event, UserFactory(email=ANA))

    with pytest.raises(waitlists.AlreadyWaiting, match="another address"):
        join(event, UserFactory(email=alias))
    waitlists.leave_waitlist(event_id=event.pk, entry_id=entry.pk)
    assert join(event, User.objects.with_address(alias).get()).is_confirmed


def test_guest_with_another_address_of_a_mailbox_that_waits_is_told_by_email(client):
    event, _ = full_event()
    join(event, UserFactory(email=ANA))

    page = join_as_guest(client, event, ALIASES[0])
    other = join_as_guest(client, event, "bo@example.org")

    assert page.status_code == other.status_code == 200
    shown = [
        text.content.decode().replace(email, "")
        for text, email in ((page, ALIASES[0]), (other, "bo@example.org"))
    ]
    assert shown[0] == shown[1]
    told = Notification.objects.filter(user=User.objects.with_address(ALIASES[0]).get())
    assert told.values_list("data").get() == ({"refused": "already_waiting"},)
    assert WaitlistEntry.objects.count() == 2


def test_address_that_was_entered_by_another_person_keeps_its_owner_from_nothing(client):
    event, _ = full_event(max_per_person=2)
    for alias in ALIASES[:2]:
        assert join_as_guest(client, event, alias, quantity=2).status_code == 200

    entry = join(event, UserFactory(email=ANA), quantity=2)

    assert entry.is_confirmed
    assert WaitlistEntry.objects.filter(confirmed_at__isnull=True).count() == 2


@pytest.mark.parametrize("limit", [None, 2])
def test_second_place_of_a_mailbox_cannot_be_confirmed(client, limit):
    event, _ = full_event(max_per_person=limit)
    join_as_guest(client, event, ALIASES[0])
    second = WaitlistEntry.objects.get()
    join(event, UserFactory(email=ANA), quantity=2)

    with pytest.raises((waitlists.AlreadyWaiting, bookings.PersonLimit)):
        waitlists.confirm_entry(event_id=event.pk, entry_id=second.pk)
    User.objects.filter(pk=second.user_id).update(email_verified_at=second.joined_at)
    waitlists.confirm_entries_of(user_id=second.user_id)
    second.refresh_from_db()
    assert not second.is_confirmed


def test_joining_while_logged_in_stores_the_mailbox_of_a_place_taken_over(client):
    event, _ = full_event()
    join_as_guest(client, event, ANA)
    WaitlistEntry.objects.update(mailbox=None)
    user = User.objects.with_address(ANA).get()
    User.objects.filter(pk=user.pk).update(email_verified_at=event.created_at)

    entry = join(event, user)

    assert (entry.is_confirmed, entry.mailbox) == (True, digest_of_mailbox(ANA))
