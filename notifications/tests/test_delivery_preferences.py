"""Which notifications are sent by email, shown in the inbox, or neither."""

import pytest

from evently.accounts.factories import UserFactory
from evently.privacy.keys import destroy_key
from evently.tests.rows import full_event, wait
from notifications.factories import NotificationFactory
from notifications.kinds import Category, kinds_in
from notifications.models import EmailDelivery
from notifications.operations import delivering
from notifications.tests.delivering import deliver, delivery_of, reread

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
