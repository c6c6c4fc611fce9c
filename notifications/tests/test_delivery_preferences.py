"""Which notifications are sent by email, shown in the inbox, or neither."""

import pytest

from evently.accounts.factories import UserFactory
from evently.privacy.keys import destroy_key
from evently.tests.rows import full_event, wait
from events.factories import EventFactory
from notifications.factories import NotificationFactory
from notifications.kinds import Category, kinds_in
from notifications.models import EmailDelivery
from notifications.operations import delivering
from notifications.operations.muting import switch
from notifications.tests.delivering import deliver, delivery_of, reread
from notifications.tests.examples import Facts

pytestmark = pytest.mark.django_db


def test_without_email_it_is_in_the_inbox_only(mailoutbox):
    notification = NotificationFactory(user__preferences={"notification": {"email": False}})

    deliver(notification)

    assert mailoutbox == []
    after = reread(notification)
    assert (after.status, after.channels, after.read) == ("delivered", ["in_app"], False)
    assert after.delivered_at is not None
    assert not EmailDelivery.objects.exists()


def test_without_in_app_it_is_sent_by_email_only(mailoutbox):
    notification = NotificationFactory(user__preferences={"all": {"in_app": False}})

    deliver(notification)

    assert len(mailoutbox) == 1
    after = reread(notification)
    assert (after.status, after.channels, after.read) == ("sent", ["email"], True)


@pytest.mark.parametrize(
    "preferences",
    [
        {"welcome": {"email": False}},
        {"notification": {"email": "no"}},
        {"notification": False},
        {"notification": {"email": True}, "all": {"email": False}},
    ],
)
def test_channels_are_wanted_unless_turned_off(preferences, mailoutbox):
    deliver(NotificationFactory(user__preferences=preferences))

    assert len(mailoutbox) == 1


def test_account_emails_are_sent_whatever_the_preferences(mailoutbox):
    user = UserFactory(preferences={"all": {"email": False}})
    # Without what they are about, these have nothing to say.
    obsolete = {
        "held_emails",
        "deletion_requested",
        "data_export_ready",
        "email_change",
        "email_changed",
        "waitlist_confirm",
        "ticket_offered",
        "attendance_asked",
        "attendance_asked_again",
        "attendance_returned",
        "draw_numbers",
    }
    kinds = [kind for kind in kinds_in(Category.ACCOUNT) if kind.name not in obsolete]
    for kind in kinds:
        deliver(NotificationFactory(user=user, type=kind.name, channels=["email"]))

    assert len(mailoutbox) == len(kinds) == 12


def test_waitlist_entry_decides_about_its_own_notifications(mailoutbox):
    event_id, _ = full_event()
    user = UserFactory()
    entry_id = wait(event_id, user_id=user.pk, notify_prefs='{"email": false}')

    deliver(
        NotificationFactory(
            user=user, event_id=event_id, type="waitlist_join", data={"entry": str(entry_id)}
        )
    )

    assert mailoutbox == []


@pytest.mark.parametrize(
    ("category", "channel", "channels"),
    [
        ("changes", "email", ["in_app"]),
        ("changes", "in_app", ["email"]),
        ("reminders", "email", ["in_app", "email"]),
    ],
)
def test_what_is_turned_off_for_an_event_is_not_told_of_that_event(
    category, channel, channels, mailoutbox
):
    user, event, other = UserFactory(), EventFactory(), EventFactory()
    switch(user_id=user.pk, event_id=event.pk, switches={category: {channel: False}})
    told = [
        NotificationFactory(user=user, event_id=each.pk, type="event_changed")
        for each in (event, other)
    ]
    cancelled = NotificationFactory(user=user, event_id=event.pk, type="event_cancelled")

    deliver(*told, cancelled)

    assert [reread(each).channels for each in told] == [channels, ["in_app", "email"]]
    assert reread(cancelled).channels == ["in_app", "email"]
    assert len(mailoutbox) == 2 + ("email" in channels)

    switch(user_id=user.pk, event_id=event.pk, switches={category: {channel: True}})
    again = NotificationFactory(user=user, event_id=event.pk, type="event_changed")
    deliver(again)
    assert reread(again).channels == ["in_app", "email"]


def test_tickets_and_cancellations_are_sent_whatever_the_preferences(mailoutbox):
    preferences = {"all": {"email": False}}
    for kind, fact in (("booking_confirm", "booking"), ("event_cancelled", None)):
        facts = Facts(user=UserFactory(name="Ada Lovelace", preferences=preferences))
        data = {"booking": str(facts.booking().pk)} if fact else {}
        deliver(NotificationFactory(user=facts.user, event_id=facts.event.pk, type=kind, data=data))

    assert len(mailoutbox) == 2


def test_erased_user_gets_no_email_and_the_log_has_the_reason(mailoutbox):
    notification = NotificationFactory()
    destroy_key(user_id=notification.user_id)

    deliver(notification)

    assert mailoutbox == []
    log = delivery_of(notification)
    assert (log.status, log.error_message) == ("failed", delivering.ACCOUNT_DELETED)
    assert log.recipient_email is None
    assert reread(notification).status == "failed"


def test_obsolete_email_is_withdrawn(mailoutbox):
    notification = NotificationFactory(type="booking_confirm", data={})

    deliver(notification)

    assert mailoutbox == []
    assert reread(notification).status == "delivered"
    assert not EmailDelivery.objects.exists()
