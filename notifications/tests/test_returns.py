"""What follows from reports of what became of emails, in whatever order they come."""

import socket
from dataclasses import replace
from itertools import permutations
from threading import Barrier, Thread

import psycopg
import pytest
from django.db import connection

from evently.tests.database import AS_WORKER, url_of
from notifications.emails.smtp import Session
from notifications.factories import NotificationFactory
from notifications.failures import failure_in_words
from notifications.models import EmailDelivery, Notification
from notifications.operations import attempts
from notifications.return_models import EmailReturn, Suppression
from notifications.returns.applying import apply_all
from notifications.returns.reading import read_report
from notifications.returns.recording import record
from notifications.returns.tokens import read_token
from notifications.tests.delivering import deliver, delivery_of, reread
from notifications.tests.returning import (
    COMPLAINED,
    DAY,
    DEFERRED,
    DELIVERED,
    HARD,
    SOFT,
    report,
    returns,
    sent,
    unapplied,
)
from notifications.tests.test_reports import report_bytes

pytestmark = pytest.mark.django_db


def test_email_comes_back_to_an_address_of_its_own(server, settings):
    settings.BOUNCE_ADDRESS = "bounces@tickets.test"
    senders = []
    accept = server.handle_DATA

    async def handle_data(smtp, session, envelope):
        senders.append(envelope.mail_from)
        return await accept(smtp, session, envelope)

    server.handle_DATA = handle_data
    notification = sent()
    (email,) = server.emails
    (sender,) = senders
    local_part, _, domain = sender.partition("@")
    prefix, _, token = local_part.partition("+")
    assert (prefix, domain) == ("bounces", "tickets.test")
    assert read_token(token).notification_id == notification.pk
    # People see and answer the same address as before.
    assert "bounces" not in email.as_string()

    back = read_report(report_bytes("postfix_unknown", token=token, id_=notification.pk))
    assert record([back]) == 1
    apply_all()
    log = delivery_of(notification)
    assert (log.status, log.error_message) == ("bounced", "bounced no_mailbox 5.1.1")
    assert failure_in_words(log.error_message) == (
        "The email came back: there is no such mailbox. (5.1.1)"
    )
    assert Suppression.objects.get().address_in_full == notification.user.email


@pytest.mark.parametrize(("extension", "asks"), [(b"DSN", True), (b"8BITMIME", False)])
def test_report_is_to_return_the_headers_only(extension, asks):
    """Not the tickets of the email, where the mail server can tell them apart (RFC 3461)."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(b"250-here\r\n250 " + extension + b"\r\n")
        theirs.sendall(b"250 ok\r\n250 ok\r\n354 go on\r\n250 done\r\n")
        session = Session(local_hostname="tickets.test")
        session.sock = ours
        session.hand_over("bounces@tickets.test", "ana@example.org", b"Subject: x\r\n\r\nx\r\n")
        assert (b"<bounces@tickets.test> RET=HDRS\r\n" in theirs.recv(4096)) is asks
        session.close()


@pytest.mark.parametrize(
    ("verdicts", "status"),
    [
        ((DELIVERED, DEFERRED), "delivered"),
        ((SOFT, DEFERRED, DELIVERED), "bounced"),
        ((COMPLAINED, DELIVERED), "delivered"),
        ((DEFERRED,), "sent"),
    ],
)
def test_order_of_reports_does_not_matter(verdicts, status):
    for order in permutations(verdicts):
        log = returns(sent(), *order)
        assert log.status == status
    assert unapplied() == 0


def test_report_counts_once():
    notification = sent()
    assert record([report(notification, SOFT)] * 2) == 1
    assert record([report(notification, SOFT)]) == 0
    apply_all()
    row = EmailReturn.objects.get()
    applied_at = row.applied_at
    apply_all()
    row.refresh_from_db()
    assert row.applied_at == applied_at


def test_complaint_is_shown_to_the_organizer_and_stops_emails():
    log = returns(sent(), COMPLAINED)
    assert log.status == "delivered"
    assert "reported it as spam" in failure_in_words(log.error_message)
    assert Suppression.objects.get().reason == "complaint"


def test_report_about_an_earlier_address_changes_nothing():
    notification = sent()
    log = returns(notification, HARD, address="old@example.org")
    assert log.status == "sent"
    assert not Suppression.objects.exists()
    assert EmailReturn.objects.get().address_digest == ""


def test_forged_report_suppresses_no_address():
    """Of somebody who knows a Message-ID, but not the token."""
    notification = sent()
    forged = report_bytes("gmail_unknown", token="a" * 48, id_=notification.pk, host="localhost")
    back = read_report(forged)
    assert back.named is None
    assert record([back]) == 1
    apply_all()
    assert delivery_of(notification).status == "bounced"
    assert not Suppression.objects.exists()


@pytest.mark.parametrize(("days", "number"), [(29, 1), (31, 0)])
def test_report_by_email_long_after_suppresses_no_address(clock, days, number):
    """As of someone who has found an old email; what services report is signed."""
    found, reported = sent(), sent()
    late = replace(report(reported, HARD), source="postmark")
    clock.move(days * DAY)
    returns(found, HARD)
    assert Suppression.objects.count() == number
    record([late])
    apply_all()
    assert Suppression.objects.count() == number + 1


def test_report_about_no_email_is_left_out(log_output):
    strange = NotificationFactory()
    assert record([report(strange, HARD)]) == 0
    (entry,) = [each for each in log_output.entries if each["event"] == "returns_recorded"]
    assert (entry["unknown"], entry["new"]) == (1, 0)
    assert strange.user.email not in str(log_output.entries)


def test_email_whose_answer_was_lost_is_not_sent_again_once_it_has_arrived(server):
    server.drops_after_data = 1
    notification = sent()
    assert (delivery_of(notification).status, len(server.emails)) == ("pending", 1)

    assert returns(notification, DELIVERED).status == "delivered"

    assert reread(notification).status == "sent"
    deliver(reread(notification))
    assert len(server.emails) == 1


@pytest.mark.django_db(transaction=True)
def test_report_waits_for_the_attempt_that_is_under_way():
    """Or the session that sends would keep its lock."""

    notification = sent()
    record([report(notification, DELIVERED)])
    number = attempts.lock_number(notification.pk)
    with psycopg.connect(url_of("default"), autocommit=True, options=AS_WORKER) as other:
        other.execute("SELECT pg_advisory_lock(%s)", [number])
        assert apply_all() == 0
        assert unapplied() == 1
    # Its process has died.
    while not apply_all():
        pass
    assert delivery_of(notification).status == "delivered"


def test_reports_of_a_deleted_account_change_nothing():
    notification = sent()
    record([report(notification, HARD)])
    user = notification.user
    EmailDelivery.objects.filter(notification_id=notification.pk).update(recipient_email=None)
    apply_all()
    assert unapplied() == 0
    assert not Suppression.objects.filter(user=user).exists()
    assert Notification.objects.filter(user=user).count() == 1


def test_recipient_refused_at_once_is_a_hard_bounce(server):
    server.recipient_answer = "550 5.1.1 <no@example.org>: Recipient address rejected: User unknown"
    notification = sent()
    apply_all()
    log = delivery_of(notification)
    assert (log.status, log.error_message) == ("failed", "SMTPRecipientsRefused 550")
    assert EmailReturn.objects.get().source == "smtp"
    assert Suppression.objects.get().reason == "hard_bounce"


@pytest.mark.parametrize("answer", ["550 5.7.1 Relaying denied", "450 4.1.1 User unknown, later"])
def test_refusal_that_says_nothing_of_the_address_is_none(server, answer):
    server.recipient_answer = answer
    sent()
    assert not EmailReturn.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_same_report_by_two_ways_at_once_counts_once():
    notification = sent()
    barrier = Barrier(2)

    def take():
        try:
            barrier.wait(timeout=30)
            record([report(notification, HARD)])
            apply_all()
        finally:
            connection.close()

    threads = [Thread(target=take) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    apply_all()

    assert EmailReturn.objects.count() == Suppression.objects.count() == 1
    assert Notification.objects.filter(type="address_unreachable").count() == 1
    assert unapplied() == 0
