"""The notification that emails to a person's address come back; in the app only."""

from uuid import UUID

from django.conf import settings
from django.urls import reverse

from evently.accounts.models import User
from evently.links import absolute
from notifications.emails.email_content import EmailContent, call_to_action
from notifications.kinds.base import IN_APP_ONLY, Category, Kind, Link, Message
from notifications.models import Notification
from notifications.return_models import SuppressionReason

TEXTS: dict[str, str] = {
    SuppressionReason.HARD_BOUNCE: (
        "Emails to your address come back: your mail provider says that it does not exist. You get "
        "no emails from {site} until you correct it in your account."
    ),
    SuppressionReason.SOFT_BOUNCES: (
        "Emails to your address have kept coming back for a week. You get no emails from {site} "
        "but those that you ask for, until you look after it in your account."
    ),
    SuppressionReason.COMPLAINT: (
        "Your mail provider says that you reported an email from {site} as spam. You get no emails "
        "any more but those that you ask for. You can change that in your account."
    ),
}


def address_unreachable(user_id: UUID, suppression_id: UUID, reason: SuppressionReason) -> Message:
    """Tell a user that the address of the account gets no emails, and where to change that."""
    return ADDRESS_UNREACHABLE.message(
        user_id=user_id,
        key=f"address_unreachable:{suppression_id}",
        text=TEXTS[reason].format(site=settings.SITE_NAME),
    )


def _link(notification: Notification) -> Link:
    return Link(f"{reverse('account')}#email-address", "Check your address")


def _write(notification: Notification, user: User) -> EmailContent:
    return call_to_action(
        heading="Check your email address",
        text=notification.message,
        button_text="Open my account",
        button_url=absolute(reverse("account")),
    )


ADDRESS_UNREACHABLE = Kind(
    name="address_unreachable",
    label="Emails to your address come back",
    category=Category.ACCOUNT,
    channels=IN_APP_ONLY,
    icon="mail",
    link=_link,
    write_email=_write,
)
