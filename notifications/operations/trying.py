"""Send a draft of an email to the person who writes it."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import structlog
from django.conf import settings

from evently.accounts.models import User
from evently.errors import Conflict, Invalid
from evently.throttle import Limit, count
from notifications.emails.drafts import Draft, NothingToShow, draft_email
from notifications.kinds import Urgency
from notifications.providers.errors import NotSent
from notifications.providers.sending import EmailConnection, NoPermit
from notifications.returns.listed import suppressed_among

TESTS_OF_PERSON = Limit("test_emails", most=20, window=timedelta(hours=1))
MARK = "[Test]"

log = structlog.get_logger(__name__)


class EmailsHeld(Conflict):
    code = "emails_held"
    message = "This site holds back all emails for now (HOLD_EMAILS), so no test email was sent."


class OwnAddressUnconfirmed(Conflict):
    code = "address_unconfirmed"
    message = "Confirm your email address first: it may be another person's."


class OwnAddressSuppressed(Conflict):
    code = "address_suppressed"
    message = (
        "Emails to your address came back, so it gets none for now. Your account's page says what "
        "to do."
    )


def check_test(draft: Draft, user: User) -> dict[str, Any]:
    """Count a test email, and return the draft for the task that sends it.

    Raises what `draft_email` raises, EmailsHeld, OwnAddressUnconfirmed, OwnAddressSuppressed,
    TooManyAttempts.
    """
    draft_email(draft, user)
    if user.email_verified_at is None:
        raise OwnAddressUnconfirmed
    if settings.HOLD_EMAILS:
        raise EmailsHeld
    if suppressed_among([user.email]):
        raise OwnAddressSuppressed
    count((TESTS_OF_PERSON, str(user.pk)))
    return draft.as_json()


def send_test(draft: Draft, user_id: UUID) -> bool:
    """Send a draft to a person, marked as a test; return whether it was sent."""
    user = User.objects.with_keys().filter(pk=user_id, is_active=True).first()
    if user is None or user.email_verified_at is None or settings.HOLD_EMAILS:
        return False
    try:
        email = draft_email(draft, user)
    except (Invalid, NothingToShow):
        # What it was about has ended since.
        return False
    email.subject = f"{MARK} {email.subject}"
    try:
        with EmailConnection() as connection:
            connection.send(email, urgency=Urgency.URGENT)
    except (NotSent, NoPermit) as error:
        log.warning("test_email_failed", error=str(error))
        return False
    return True
