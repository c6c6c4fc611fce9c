"""The pages on which users delete their account, and keep it after all."""

import re
from datetime import UTC, datetime

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse

from bookings.factories import BookingFactory
from bookings.models import Booking
from boxoffice.lifecycle import operations
from evently.accounts import operations as accounts
from evently.accounts.factories import PASSWORD, OrganizerFactory, UserFactory
from evently.accounts.models import User
from evently.origin import Origin
from events.factories import EventFactory
from notifications.operations.delivering import deliver_all
from notifications.queries import unsent_emails_of

pytestmark = pytest.mark.django_db(transaction=True)

URL = reverse("delete_account")
ORIGIN = Origin(ip_address="192.0.2.9", user_agent="Sextant")


def read(user):
    return User.objects.with_keys().get(pk=user.pk)


def link_in_email(user, part):
    deliver_all(unsent_emails_of(user.pk))
    return re.search(rf"https?://[^/]+(/account/{part}/\S+/)", mail.outbox[-1].body)[1]


@pytest.fixture
def ana(client):
    user = UserFactory(password=PASSWORD)
    client.force_login(user)
    return user


def test_deleting_the_account_takes_the_password(client, ana):
    booking = BookingFactory(user=ana)
    assert "Your password" in client.get(URL).content.decode()
    for wrong in ({}, {"password": ""}, {"password": "wrong"}, {"word": "delete"}):
        assert client.post(URL, wrong).status_code == 422
        assert read(ana).deletion_due_at is None

    page = client.post(URL, {"password": PASSWORD}, follow=True).content.decode()

    assert "Your account will be deleted on" in page
    assert "Keep my account" in page
    assert read(ana).is_leaving
    assert not Booking.objects.get(pk=booking.pk).is_cancelled
    assert client.get(reverse("booking_detail", args=[booking.pk])).status_code == 200


def test_guesses_of_the_password_are_limited(client, ana):
    for _ in range(10):
        client.post(URL, {"password": "wrong"})
    assert client.post(URL, {"password": PASSWORD}).status_code == 429
    assert read(ana).deletion_due_at is None


def test_guest_confirms_by_an_emailed_link(client):
    guest = UserFactory()
    client.force_login(guest)
    assert guest.email in client.get(URL).content.decode()
    assert client.post(URL).status_code == 200
    assert read(guest).deletion_due_at is None

    link, visitor = link_in_email(guest, "delete"), Client()
    assert "Delete my account" in visitor.get(link).content.decode()
    assert read(guest).deletion_due_at is None, "opening the link must not delete"
    assert "will be deleted" in visitor.post(link).content.decode()

    assert read(guest).is_leaving
    assert visitor.post(link).status_code == 422


def test_email_undoes_it_by_a_button_without_logging_in(client, ana):
    client.post(URL, {"password": PASSWORD})

    link, visitor = link_in_email(ana, "keep"), Client()
    assert "Keep your account?" in visitor.get(link).content.decode()
    assert read(ana).is_leaving, "opening the link must not act"
    assert "Your account stays" in visitor.post(link).content.decode()

    assert read(ana).deletion_due_at is None
    assert "Your account stays" in visitor.get(link).content.decode()
    assert "will be deleted on" not in client.get(reverse("account")).content.decode()


def test_all_pages_show_a_pending_deletion_and_undo_it(client, ana):
    client.post(URL, {"password": PASSWORD})
    client.logout()

    form = {"email": ana.email, "password": PASSWORD}
    after_login = client.post(reverse("log_in"), form, follow=True).content.decode()

    assert "Your account will be deleted on" in after_login
    assert "Your account will be deleted on" in client.get(reverse("account")).content.decode()
    assert client.get(URL).status_code == 302
    assert client.get(reverse("keep_account")).status_code == 302
    assert read(ana).is_leaving
    page = client.post(reverse("keep_account"), follow=True).content.decode()
    assert "Your account stays." in page
    assert read(ana).deletion_due_at is None


def test_moments_are_told_in_the_owners_time_zone(client, clock):
    user = UserFactory(password=PASSWORD, timezone="Pacific/Auckland")
    client.force_login(user)
    clock.stop(datetime(2027, 1, 8, 20, 30, tzinfo=UTC))
    due = "Saturday 16 January 2027, 09:30 NZDT"

    assert due in client.get(URL).content.decode()
    page = client.post(URL, {"password": PASSWORD}, follow=True).content.decode()

    assert page.count(due) == 2, "in the notice of all pages, and at the end of this one"
    link = link_in_email(user, "keep")
    assert "Sat 16 Jan 2027, 09:30 NZDT" in mail.outbox[-1].body
    assert "Sat 16 Jan 2027, 09:30 NZDT" in Client().get(link).content.decode()


def test_organizers_see_which_events_keep_the_account_before_they_type_a_password(client):
    organizer = OrganizerFactory(password=PASSWORD)
    client.force_login(organizer)
    events = [EventFactory(name=f"Concert {n}", created_by=organizer) for n in range(5)]
    EventFactory(name="Draft", created_by=organizer, published_at=None)
    EventFactory(name="Of another organizer")

    for response in (client.get(URL), client.post(URL, {"password": PASSWORD})):
        page = response.content.decode()
        assert "You organize 5 events that are not over yet" in page
        assert reverse("admin:event_overview", args=[events[4].pk]) in page
        assert "Draft" not in page
        assert "Of another organizer" not in page
        assert "Your password" not in page
    assert response.status_code == 409
    with pytest.raises(operations.OrganizerStays) as refusal:
        operations.erase_person(user_id=organizer.pk)
    assert "“Concert 2” and 2 more." in refusal.value.text
    for event in events:
        operations.cancel_event(event_id=event.pk, reason="Storm")
    assert "Your password" in client.get(URL).content.decode()


def test_organizer_is_told_that_an_event_published_since_keeps_the_account(client):
    organizer = OrganizerFactory(password=PASSWORD)
    client.force_login(organizer)
    client.post(URL, {"password": PASSWORD})
    waits = "The deletion waits for your events"
    assert waits not in client.get(reverse("account")).content.decode()

    EventFactory(created_by=organizer)

    assert waits in client.get(reverse("account")).content.decode()


def test_emailed_links_name_the_account_whoever_opens_them(client, ana):
    """Not that of the person who is logged in there."""
    guest = UserFactory()
    accounts.request_deletion_link(user_id=guest.pk, origin=ORIGIN)

    delete = link_in_email(guest, "delete")
    assert guest.email in client.get(delete).content.decode()
    assert guest.email in client.post(delete).content.decode()
    keep = link_in_email(guest, "keep")
    assert guest.email in client.get(keep).content.decode()
    assert guest.email in client.post(keep).content.decode()

    assert (read(guest).is_leaving, read(ana).is_leaving) == (False, False)


def test_link_that_was_used_shows_what_it_did_and_offers_nothing(client):
    guest = UserFactory()
    accounts.request_deletion_link(user_id=guest.pk, origin=ORIGIN)
    link = link_in_email(guest, "delete")
    client.post(link)

    page = client.get(link).content.decode()

    assert "Your account will be deleted" in page
    assert "<button" not in page.split("<main")[1].split("</main")[0]
    accounts.undo_deletion(user_id=guest.pk)
    assert client.get(link).status_code == 422


def test_link_that_keeps_says_that_the_account_is_gone(client, ana):
    client.post(URL, {"password": PASSWORD})
    link = link_in_email(ana, "keep")
    operations.erase_person(user_id=ana.pk, at_once=True)

    for response in (Client().get(link), Client().post(link)):
        assert response.status_code == 422
        assert "This account has been deleted, which can no longer be undone" in (
            response.content.decode()
        )


@pytest.mark.parametrize(("seats", "page"), [(9, "book"), (1, "join_waitlist")])
def test_leaving_users_see_what_to_do_in_place_of_a_button_that_is_refused(
    client, ana, seats, page
):
    event = EventFactory(total_capacity=seats)
    BookingFactory(event=event)
    url, first = reverse(page, args=[event.pk]), "To go on, choose “Keep my account”"
    assert first not in client.get(url).content.decode()

    client.post(URL, {"password": PASSWORD})

    shown = client.get(url).content.decode()
    assert first in shown
    for button in ("Book now", "Join the waitlist</button>"):
        assert button not in shown
