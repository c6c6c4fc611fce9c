"""Emails of events and what is sent again, by plain SQL."""

from datetime import timedelta
from uuid import uuid4

import pytest

from evently.tests.rows import insert, person
from evently.tests.sql import as_at_commit, refused, run, value

pytestmark = pytest.mark.django_db


def resend(**columns):
    given = {"delivery_id": uuid4(), "user_id": columns.pop("user_id", None) or person()}
    return insert("email_resends", **(given | columns))


def test_event_and_kind_of_an_email_are_filled_in():
    """As by a release that does not know the columns."""
    user_id, event_id = person(), uuid4()
    notification_id = insert("notifications", user_id=user_id, type="event_changed", message="News")
    metadata = f'{{"eventId": "{event_id}"}}'
    email = insert(
        "email_delivery_log",
        user_id=user_id,
        notification_id=notification_id,
        template_type="notification",
        metadata=metadata,
    )
    bare = insert("email_delivery_log", user_id=user_id, template_type="welcome")

    filled = "SELECT event_id, kind FROM email_delivery_log WHERE id = %s"
    assert run(filled, email) == [(event_id, "event_changed")]
    assert run(filled, bare) == [(None, "welcome")]


def test_same_email_is_sent_again_three_times_an_hour():
    user_id, email = person(), uuid4()
    for _ in range(3):
        resend(user_id=user_id, delivery_id=email)

    resend(user_id=user_id)
    with refused("trg_email_resends"):
        resend(user_id=user_id, delivery_id=email)


def test_person_gets_five_emails_an_hour_again_about_an_event(clock):
    user_id, event_id = person(), uuid4()

    def again(**columns):
        return resend(user_id=user_id, event_id=event_id, notification_id=uuid4(), **columns)

    for _ in range(5):
        again()
    # One that failed has not arrived.
    resend(user_id=user_id, event_id=event_id)
    resend(user_id=user_id, event_id=uuid4(), notification_id=uuid4())
    with refused("trg_email_resends"):
        again()

    clock.move(timedelta(minutes=61))
    for _ in range(5):
        again()
    clock.move(timedelta(minutes=122))
    with refused("trg_email_resends"):
        again()


@pytest.mark.parametrize(
    "change",
    [
        "created_at = created_at - interval '1 day'",
        "by_id = user_id",
        "user_id = NULL",
        "delivery_id = id",
    ],
)
def test_who_sent_an_email_again_and_when_is_kept(change):
    resend()
    with refused("trg_resends_kept"):
        run(f"UPDATE email_resends SET {change}")


def test_resends_need_their_recipient_and_outlive_the_organizer_who_asked():
    asked_by = person()
    resend(by_id=asked_by)
    run("DELETE FROM users WHERE id = %s", asked_by)
    assert value("SELECT by_id FROM email_resends") is None

    with refused("fk_email_resends_user"):
        resend(user_id=uuid4())
        as_at_commit()
    with refused("fk_email_resends_by"):
        resend(by_id=uuid4())
        as_at_commit()
    with refused("email_resends_pkey"):
        resend(id=value("SELECT id FROM email_resends"))
