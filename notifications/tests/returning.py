"""Emails that were sent, and reports of what became of them."""

from datetime import timedelta

from notifications.factories import NotificationFactory
from notifications.return_models import EmailReturn, ReturnOutcome, ReturnReason
from notifications.returns.applying import apply_all
from notifications.returns.recording import record
from notifications.returns.reports import Report, Verdict
from notifications.returns.tokens import read_token, token_of
from notifications.tests.delivering import deliver, delivery_of

HARD = Verdict(ReturnOutcome.BOUNCED, ReturnReason.NO_MAILBOX, "5.1.1", is_permanent=True)
SOFT = Verdict(ReturnOutcome.BOUNCED, ReturnReason.FULL, "5.2.2")
DEFERRED = Verdict(ReturnOutcome.DEFERRED, ReturnReason.EXPIRED, "4.4.1")
DELIVERED = Verdict(ReturnOutcome.DELIVERED)
COMPLAINED = Verdict(ReturnOutcome.COMPLAINED, ReturnReason.SPAM, is_permanent=True)


def sent(**columns):
    """Return a notification whose email was sent."""
    notification = NotificationFactory(**columns)
    deliver(notification)
    return notification


def report(notification, verdict, *, number=1, address=None):
    """Return a report about an email. number: another one of the same; address: it went to."""
    token = token_of(notification.pk, address or notification.user.email)
    key = f"{notification.pk.hex}{list(ReturnOutcome).index(verdict.outcome)}{number}"
    return Report(verdict=verdict, source="mailbox", digest=f"{key:0>64}", named=read_token(token))


def returns(notification, *verdicts, **options):
    """Record and apply reports about an email, in this order; return the email."""
    for verdict in verdicts:
        record([report(notification, verdict, **options)])
        apply_all()
    return delivery_of(notification)


def soft_bounces(user, *times, clock):
    """Let emails to a user come back, each so far ahead of now."""
    for time in times:
        clock.move(time)
        returns(sent(user=user), SOFT)


def unapplied():
    return EmailReturn.objects.filter(applied_at=None).count()


DAY = timedelta(days=1)
