"""The pages of what a user wants to hear: of all events, and of one."""

import pytest
from django.urls import reverse

from bookings.factories import BookingFactory
from evently.accounts.factories import UserFactory
from evently.accounts.models import User
from events.factories import EventFactory
from notifications.mute_models import EventMute
from notifications.operations.muting import switch

pytestmark = pytest.mark.django_db

URL = "/notifications/settings/"


@pytest.fixture
def user(client):
    user = UserFactory(preferences={"theme": "dark", "reminder": {"email": False}})
    client.force_login(user)
    return user


def checked(page):
    """Return the switches of a page that are on."""
    return {field.name for field in page.context["form"] if field.value()}


def test_kinds_are_turned_on_and_off_by_channel(client, user):
    before = checked(client.get(URL))
    assert {"reminder-in_app", "event_changed-email"} <= before
    assert "reminder-email" not in before
    # What is always sent has no switch, and is listed with the reason.
    assert not any(name.startswith(("booking_confirm", "event_cancelled")) for name in before)
    assert "They are about tickets that you have, or would lose." in client.get(URL).text

    kept = dict.fromkeys(before - {"event_changed-email", "offer_ending-in_app"}, "on")
    assert client.post(URL, kept).status_code == 302

    assert checked(client.get(URL)) == set(kept)
    preferences = User.objects.get(pk=user.pk).preferences
    assert preferences["theme"] == "dark"
    assert preferences["event_changed"] == {"in_app": True, "email": False}
    assert preferences["offer_ending"] == {"in_app": False, "email": True}
    assert "booking_confirm" not in preferences


def test_all_can_be_turned_off_at_once(client, user):
    assert client.post(URL, {}).status_code == 302

    assert checked(client.get(URL)) == set()


def test_one_event_has_switches_of_its_own(client, user):
    event = BookingFactory(user=user, event__name="Jazz").event
    url = reverse("event_messages", args=[event.pk])
    assert url in client.get(URL).text
    assert len(checked(client.get(url))) == 6

    for _ in range(2):
        assert (
            client.post(url, {"reminders-in_app": "on", "changes-email": "on"}).status_code == 302
        )

    assert checked(client.get(url)) == {"reminders-in_app", "changes-email"}
    assert EventMute.objects.filter(user=user, event=event).count() == 4
    assert "some messages are off" in client.get(URL).text
    other = reverse("event_messages", args=[EventFactory().pk])
    assert len(checked(client.get(other))) == 6


def test_drafts_of_others_have_no_page(client, user):
    url = reverse("event_messages", args=[EventFactory(published_at=None).pk])

    assert client.get(url).status_code == client.post(url).status_code == 404
    assert not EventMute.objects.exists()


def test_each_user_has_own_switches(client, user):
    event = EventFactory()
    switch(user_id=UserFactory().pk, event_id=event.pk, switches={"changes": {"email": False}})

    assert len(checked(client.get(reverse("event_messages", args=[event.pk])))) == 6
