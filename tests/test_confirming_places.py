"""The email that lets the owner of an address confirm a place on a waitlist."""

import re

import pytest
from django.urls import reverse

from evently.accounts.factories import UserFactory
from evently.accounts.models import User
from evently.accounts.operations.verification import mark_verified
from evently.transactions import run_in_transaction
from notifications.factories import NotificationFactory
from notifications.kinds import kinds_for_organizers
from notifications.models import Notification
from notifications.tests.delivering import deliver
from notifications.tests.queues import another_broker, taken_from_queues
from waitlists.models import WaitlistEntry
from waitlists.tests.helpers import full_event, join

pytestmark = pytest.mark.django_db(transaction=True)


def ask_as_guest(client, event, email):
    form = {"name": "Ada", "email": email, "quantity": "1", "unit_price": "20.00"}
    return client.post(reverse("join_waitlist", args=[event.pk]), form)


def types_of(user):
    rows = Notification.objects.filter(user=user).order_by("created_at", "id")
    return list(rows.values_list("type", flat=True))


def deliver_pending():
    deliver(*Notification.objects.filter(status="pending").order_by("created_at", "id"))


def test_email_of_a_guest_has_a_link_that_confirms_the_place(client, mailoutbox, settings):
    event, _ = full_event(priced=20, name="Jazz")
    ask_as_guest(client, event, "ada@example.org")

    deliver_pending()

    (email,) = mailoutbox
    words = " ".join(email.body.split())
    assert email.subject == "Confirm your place on the waitlist for Jazz"
    assert "until then it keeps its position, but no seats are offered to it" in words
    assert "at most €20.00 per seat" in words
    (url,) = re.findall(r"\S+/confirm/", email.body)
    path = url.removeprefix(settings.PUBLIC_URL)
    assert not WaitlistEntry.objects.get().is_confirmed
    client.post(path)
    assert WaitlistEntry.objects.get().is_confirmed


def test_confirmed_user_is_told_their_position_as_before():
    user = UserFactory()

    join(full_event()[0], user)

    assert types_of(user) == ["waitlist_join"]


def test_email_is_sent_though_the_hours_other_emails_are_used_up_and_preferences_are_off(
    client, mailoutbox
):
    event, _ = full_event(priced=20)
    user = UserFactory(
        email="ana@example.org", email_verified_at=None, preferences={"all": {"email": False}}
    )
    ask_as_guest(client, event, "ana@example.org")
    NotificationFactory.create_batch(6, user=user, created_at="2020-01-01T00:00:00Z")
    User.objects.filter(pk=user.pk).update(preferences={"all": {"email": False}})

    deliver_pending()

    assert "Confirm your place" in mailoutbox[-1].subject


def test_email_is_not_sent_once_the_place_is_confirmed(mailoutbox):
    user = UserFactory(email_verified_at=None)
    entry = join(full_event()[0], user)
    run_in_transaction(lambda: mark_verified(user))
    WaitlistEntry.objects.filter(pk=entry.pk).update(status="left")

    deliver_pending()

    assert mailoutbox == []


def test_guest_who_waits_unconfirmed_is_asked_again_to_confirm(client):
    event, _ = full_event(priced=20)
    first = ask_as_guest(client, event, "ada@example.org")
    second = ask_as_guest(client, event, "ada@example.org")

    user = User.objects.with_address("ada@example.org").get()
    assert first.content == second.content
    assert types_of(user) == ["waitlist_confirm", "waitlist_confirm"]


def test_guest_who_waits_with_a_confirmed_place_is_told_so_as_before(client):
    event, _ = full_event(priced=20)
    user = UserFactory(email="ada@example.org")
    join(event, user)

    ask_as_guest(client, event, "ada@example.org")

    assert types_of(user) == ["waitlist_join", "guest_refused"]


def test_confirming_the_address_enqueues_the_task():
    user = UserFactory(email_verified_at=None)
    with another_broker("memory://"):
        taken_from_queues()
        run_in_transaction(lambda: mark_verified(user))
        taken = taken_from_queues()

    assert ("waitlists.tasks.confirm_places", [str(user.pk)]) in taken


def test_organizers_see_that_it_was_sent():
    assert "waitlist_confirm" in kinds_for_organizers()
    assert "guest_refused" not in kinds_for_organizers()
