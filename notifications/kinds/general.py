"""The general notification, for news that has no kind of its own. Nothing in Evently sends it."""

from django.conf import settings
from django.urls import reverse

from evently.accounts.models import User
from evently.links import absolute
from notifications.emails.email_content import EmailContent, call_to_action
from notifications.kinds.base import Category, Kind, no_link
from notifications.models import Notification


def _write_general(notification: Notification, user: User) -> EmailContent:
    return call_to_action(
        heading=f"News from {settings.SITE_NAME}",
        text=notification.message,
        button_text="Show my notifications",
        button_url=absolute(reverse("inbox")),
    )


GENERAL = Kind(
    name="notification",
    label="Notification",
    # Without a switch in the preferences form, as long as nothing sends it.
    category=Category.OTHER,
    icon="bell",
    link=no_link,
    write_email=_write_general,
)
