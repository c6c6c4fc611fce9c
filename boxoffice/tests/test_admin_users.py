"""Deleting people in the admin, for superusers."""

import pytest
from django.core import mail
from django.urls import reverse

from bookings import operations as bookings
from bookings.factories import BookingFactory
from bookings.models import Booking
from boxoffice.lifecycle import operations
from evently.accounts.factories import OrganizerFactory, SuperuserFactory, UserFactory
from evently.accounts.models import User
from evently.erasure.models import Erasure
from evently.origin import Origin

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def superuser(client):
    client.force_login(SuperuserFactory())
    return client


def url(name, user):
    return reverse(f"admin:accounts_user_{name}", args=[user.pk])


def confirm(client, name, user, **fields):
    return client.post(url(name, user), {"confirmed": "1", **fields}, follow=True)


def read(user):
    return User.objects.with_keys().get(pk=user.pk)


def test_superuser_erases_a_person_now(superuser):
    booking = BookingFactory()
    address = booking.user.email
    page = superuser.get(url("erase", booking.user)).content.decode()
    assert "1 booking" in page
    assert not Booking.objects.get().is_cancelled

    answer = confirm(superuser, "erase", booking.user)

    assert "name and email address are erased" in answer.content.decode()
    assert read(booking.user).email == ""
    assert Booking.objects.get().is_cancelled
    assert {message.to[0].rpartition("<")[2].rstrip(">") for message in mail.outbox} == {address}


def test_superuser_sees_a_pending_deletion_and_undoes_it(superuser):
    user = UserFactory()
    assert url("keep_account", user) not in superuser.get(url("change", user)).content.decode()
    operations.request_deletion(user_id=user.pk, origin=Origin())
    assert url("keep_account", user) in superuser.get(url("change", user)).content.decode()

    confirm(superuser, "keep_account", user)

    assert read(user).deletion_due_at is None


def test_superuser_deletes_all_rows(superuser):
    booking = BookingFactory()

    confirm(superuser, "delete_rows", booking.user)

    assert not User.objects.filter(pk=booking.user_id).exists()
    assert not Booking.objects.exists()


def test_organizers_cannot_delete_people(admin):
    user = UserFactory()
    for name in ("erase", "keep_account", "delete_rows"):
        assert confirm(admin, name, user).status_code in (403, 404)
    assert read(user).email


def test_page_of_a_user_shows_texts_about_them_and_the_receipt_later(client):
    client.force_login(SuperuserFactory())
    booking = BookingFactory()
    bookings.cancel_booking(
        event_id=booking.event_id,
        booking_id=booking.pk,
        by=bookings.Canceller.ORGANIZER,
        reason="Wanted the seat by the door",
    )
    page = reverse("admin:accounts_user_change", args=[booking.user_id])
    content = client.get(page).content.decode()
    assert "Wanted the seat by the door" in content
    assert reverse("admin:bookings_booking_change", args=[booking.pk]) in content

    operations.erase_person(user_id=booking.user_id, at_once=True)

    content = client.get(page).content.decode()
    assert "Wanted the seat" not in content
    receipt = reverse("admin:erasure_erasure_change", args=[Erasure.objects.get().pk])
    assert receipt in content
    content = client.get(receipt).content.decode()
    assert "Keys destroyed" in content
    assert "Not yet" in content
    assert client.get(reverse("admin:erasure_erasure_changelist")).status_code == 200
    client.force_login(OrganizerFactory())
    assert client.get(receipt).status_code in (302, 403)
