"""How many emails an unconfirmed address gets, whatever causes them.

Anyone can type another person's email address, when signing up, booking or joining a waitlist, and
each of these causes emails. So emails to an unconfirmed address are limited by mailbox, over all
accounts that share it. They are counted in the database, not in Redis: the limit holds while Redis
is down, and while several processes send emails (`trg_unconfirmed_emails`).

The last email of an hour is kept for those that cannot wait: they let the owner confirm the
address, or hold seats for them. What is over the limit waits; nothing is dropped here.
"""

from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection, transaction

from evently.accounts.email_models import UnconfirmedEmail
from evently.accounts.models import User
from evently.database.clock import now
from evently.database.identity import as_worker
from evently.privacy.addresses import digest_of_mailbox, digests_of_address

MOST_PER_HOUR = 5
MOST_PER_DAY = 20
KEPT_FOR_URGENT = 1
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def is_confirmed(user: User, address: str) -> bool:
    """Return whether the user has proved to own this email address."""
    return user.is_verified and user.email_digest in digests_of_address(address)


@as_worker()
def spend(*, email_id: UUID, address: str, urgent: bool) -> datetime | None:
    """Count an email to an unconfirmed address; return when to try again if it may not be sent.

    An email that is tried again counts once, at its last attempt. Committed before the email is
    sent, so that a process that dies while it sends has counted it.
    """
    mailbox = digest_of_mailbox(address)
    with transaction.atomic():
        with connection.cursor() as cursor:
            # The lock that the trigger takes, before counting.
            cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [mailbox])
        free_at = _free_at(mailbox, most=_most(urgent=urgent), besides=email_id)
        if free_at is None:
            UnconfirmedEmail.objects.update_or_create(
                email_id=email_id, defaults={"mailbox_digest": mailbox}
            )
        return free_at


@as_worker()
def give_back(*, email_id: UUID) -> None:
    """Uncount an email that did not leave: the mail server could not be reached."""
    UnconfirmedEmail.objects.filter(email_id=email_id).delete()


@as_worker()
def emails_wait_until(user: User) -> datetime | None:
    """Return until when emails to a user wait, unless urgent; None if they go out at once."""
    if user.is_verified or not user.email:
        return None
    return _free_at(digest_of_mailbox(user.email), most=_most(urgent=False))


def forget_old() -> int:
    """Delete what no longer counts; return how many rows."""
    deleted, _ = UnconfirmedEmail.objects.filter(sent_at__lt=now() - DAY).delete()
    return deleted


def _most(*, urgent: bool) -> int:
    return MOST_PER_HOUR if urgent else MOST_PER_HOUR - KEPT_FOR_URGENT


def _free_at(mailbox: str, *, most: int, besides: UUID | None = None) -> datetime | None:
    """Return when the mailbox may get another email; None for now. most: per hour."""
    at = now()
    emails = UnconfirmedEmail.objects.filter(mailbox_digest=mailbox, sent_at__gt=at - DAY)
    if besides is not None:
        emails = emails.exclude(email_id=besides)
    times = list(emails.order_by("-sent_at").values_list("sent_at", flat=True)[:MOST_PER_DAY])
    waits = []
    if len(times) >= most and times[most - 1] > at - HOUR:
        waits.append(times[most - 1] + HOUR)
    if len(times) >= MOST_PER_DAY:
        waits.append(times[MOST_PER_DAY - 1] + DAY)
    return max(waits, default=None)
