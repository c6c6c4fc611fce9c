"""Duplicates: what a sign-up with an address that has an account leaves behind."""

from datetime import timedelta

import pytest
from django.core import mail

from bookings.factories import BookingFactory
from boxoffice.lifecycle import queries, tasks
from evently.accounts import operations
from evently.accounts.factories import PASSWORD, UserFactory
from evently.accounts.models import User
from evently.accounts.operations import answering
from evently.api.tests.client import api
from evently.origin import Origin
from events.factories import EventFactory
from notifications.models import Notification
from notifications.operations.delivering import deliver_all
from notifications.queries import unsent_emails_of

pytestmark = pytest.mark.django_db

ORIGIN = Origin(ip_address="192.0.2.1", user_agent="test")


def sign_up(email):
    user = operations.sign_up(email=email, name="Ada", password=PASSWORD, origin=ORIGIN)
    answering.answer_all()
    return user


@pytest.fixture
def owner():
    return UserFactory(email="known@example.org")


@pytest.fixture
def duplicate(owner):
    return sign_up(owner.email)


def test_only_the_owner_gets_an_email(owner, duplicate):
    for user in (owner, duplicate):
        deliver_all(unsent_emails_of(user.pk))

    assert [message.subject for message in mail.outbox] == ["You already have an account"]
    assert Notification.objects.filter(user=duplicate).values_list("type", "channels").get() == (
        "welcome",
        ["in_app"],
    )


def test_sending_it_again_reaches_the_owner(owner, duplicate):
    operations.request_address_verification(user_id=duplicate.pk, origin=ORIGIN)
    answering.answer_all()

    types = Notification.objects.filter(user=owner).values_list("type", flat=True)
    assert list(types) == ["account_exists", "account_exists"]


def test_api_makes_no_duplicates(owner):
    body = {"email": owner.email, "name": "Ada", "password": PASSWORD}
    assert api().post("/api/v1/auth/register/", body).status_code == 201
    assert User.objects.count() == 1


def test_old_duplicates_are_erased_without_an_email_and_others_stay(owner, duplicate, clock):
    event = EventFactory()
    booked = sign_up(owner.email)
    BookingFactory(event=event, user=booked)
    mail.outbox.clear()
    assert queries.duplicates_to_erase() == []

    event_ends = timedelta(days=31)
    type(event).objects.filter(pk=event.pk).update(
        event_date=event.event_date + timedelta(days=60), ends_at=None
    )
    clock.move(event_ends)
    tasks.erase_old_duplicates()

    left = User.objects.filter(deleted_at__isnull=True).values_list("pk", flat=True)
    assert duplicate.pk not in left
    assert {owner.pk, booked.pk} <= set(left)
    assert not Notification.objects.filter(user=duplicate, type="account_deleted").exists()
