"""A mail as it goes out: words, codes inside, calendar file, and an id that stays the same."""

from email.mime.image import MIMEImage
from email.mime.text import MIMEText
from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings
from django.core.mail import EmailMultiAlternatives

from bookings.calendar import FILE_NAME
from evently.accounts.models import User
from notifications.emails.templates import render_active
from notifications.emails.tickets import Picture
from notifications.emails.writers import content_of, template_type_of
from notifications.models import Notification


def message_id_of(notification_id: UUID) -> str:
    """Return the Message-ID of a message's mail: the same, however often it is sent."""
    return f"<{notification_id}@{urlsplit(settings.PUBLIC_URL).hostname}>"


def write_mail(notification: Notification, person: User) -> EmailMultiAlternatives:
    """Return the mail of a message, ready to be sent.

    Raises Obsolete.
    """
    content = content_of(notification, person)
    words = render_active(template_type_of(notification.type), content.values)
    mail = EmailMultiAlternatives(
        subject=words.subject,
        body=words.text,
        to=[person.email],
        headers={
            "Message-ID": message_id_of(notification.pk),
            "Auto-Submitted": "auto-generated",
        },
    )
    mail.attach_alternative(words.html, "text/html")
    for picture in content.pictures:
        mail.attach(_inline(picture))
    if content.calendar is not None:
        mail.attach(_calendar(content.calendar))
    return mail


def _inline(picture: Picture) -> MIMEImage:
    part = MIMEImage(picture.png, "png")
    part.add_header("Content-ID", f"<{picture.content_id}>")
    part.add_header("Content-Disposition", "inline", filename=picture.name)
    return part


def _calendar(content: bytes) -> MIMEText:
    part = MIMEText(content.decode(), "calendar", "utf-8")
    part.add_header("Content-Disposition", "attachment", filename=FILE_NAME)
    return part
