"""Who gets a message by mail, who in the inbox, and who not at all."""

import pytest

from evently.accounts.factories import UserFactory
from evently.privacy.keys import destroy_key
from evently.tests.rows import full_event, wait
from notifications.factories import NotificationFactory
from notifications.models import EmailDelivery
from notifications.operations import delivering
from notifications.tests.delivering import deliver, mail_of, reread

pytestmark = pytest.mark.django_db


def test_who_wants_no_mail_has_it_in_the_inbox(mailoutbox):
    notification = NotificationFactory(user__preferences={"notification": {"email": False}})

    deliver(notification)

    assert mailoutbox == []
    after = reread(notification)
    assert (after.status, after.channels, after.read) == ("delivered", ["in_app"], False)
    assert after.delivered_at is not None
    assert not EmailDelivery.objects.exists()


def test_who_wants_nothing_in_the_app_has_it_by_mail(mailoutbox):
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
def test_what_was_not_said_clearly_is_wanted(preferences, mailoutbox):
    deliver(NotificationFactory(user__preferences=preferences))

    assert len(mailoutbox) == 1


def test_mails_of_the_account_go_whatever_was_said(mailoutbox):
    user = UserFactory(preferences={"all": {"email": False}})
    for type_ in ("password_reset", "login_link", "verify_address", "account_exists", "welcome"):
        deliver(NotificationFactory(user=user, type=type_, channels=["email"]))

    assert len(mailoutbox) == 5


def test_an_entry_decides_what_concerns_it(mailoutbox):
    event_id, _ = full_event()
    user = UserFactory()
    entry_id = wait(event_id, user_id=user.pk, notify_prefs='{"email": false}')

    deliver(
        NotificationFactory(
            user=user, event_id=event_id, type="waitlist_join", data={"entry": str(entry_id)}
        )
    )

    assert mailoutbox == []


def test_who_has_left_gets_no_mail_and_the_log_says_why(mailoutbox):
    notification = NotificationFactory()
    destroy_key(user_id=notification.user_id)

    deliver(notification)

    assert mailoutbox == []
    log = mail_of(notification)
    assert (log.status, log.error_message) == ("failed", delivering.LEFT)
    assert log.recipient_email is None
    assert reread(notification).status == "failed"


def test_a_mail_about_nothing_any_more_is_withdrawn(mailoutbox):
    notification = NotificationFactory(type="booking_confirm", data={})

    deliver(notification)

    assert mailoutbox == []
    assert reread(notification).status == "delivered"
    assert not EmailDelivery.objects.exists()
