"""The pages on which users delete their account, and keep it after all."""

import re

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse

from bookings.factories import BookingFactory
from bookings.models import Booking
from evently.accounts.factories import PASSWORD, UserFactory
from evently.accounts.models import User
from notifications.operations.delivering import deliver_all
from notifications.queries import unsent_emails_of

pytestmark = pytest.mark.django_db(transaction=True)

URL = reverse("delete_account")


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
