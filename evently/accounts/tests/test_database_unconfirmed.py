"""The limit of emails to unconfirmed addresses, by plain SQL."""

from datetime import timedelta

import pytest

from evently.tests.rows import insert
from evently.tests.sql import refused, value

pytestmark = pytest.mark.django_db

MAILBOX = "a" * 64


def unconfirmed_email(mailbox=MAILBOX, **columns):
    given = {"mailbox_digest": mailbox, "email_id": value("SELECT evently_uuid7()")}
    return insert("unconfirmed_emails", **(given | columns))


def test_trg_unconfirmed_emails_refuses_the_sixth_in_an_hour():
    for _ in range(5):
        # The time is set by the trigger, whatever is written.
        unconfirmed_email(sent_at="2020-01-01T00:00Z")
    unconfirmed_email("b" * 64)

    with refused("trg_unconfirmed_emails"):
        unconfirmed_email()


@pytest.mark.django_db(transaction=True)
def test_trg_unconfirmed_emails_refuses_the_21st_in_a_day(clock):
    for hour in range(4):
        clock.move(timedelta(hours=hour, minutes=hour))
        for _ in range(5):
            unconfirmed_email()
    clock.move(timedelta(hours=5))
    with refused("trg_unconfirmed_emails"):
        unconfirmed_email()

    clock.move(timedelta(days=1, minutes=2))
    assert unconfirmed_email()


@pytest.mark.parametrize("mailbox", ["", "a" * 63, "A" * 64, "ana@example.org"])
def test_chk_unconfirmed_mailbox(mailbox):
    with refused("chk_unconfirmed_mailbox"):
        unconfirmed_email(mailbox)


def test_unq_unconfirmed_email():
    first = value("SELECT evently_uuid7()")
    unconfirmed_email(email_id=first)

    with refused("unq_unconfirmed_email"):
        unconfirmed_email("b" * 64, email_id=first)


def test_unconfirmed_emails_pkey():
    first = unconfirmed_email()

    with refused("unconfirmed_emails_pkey"):
        unconfirmed_email("b" * 64, id=first)
