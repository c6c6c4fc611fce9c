"""An email as it is sent: rendered text, inline images, calendar file, and a stable Message-ID."""

from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings
from django.core.mail import EmailMultiAlternatives

from bookings.calendar import CalendarFile
from evently.accounts.models import User
from evently.links import absolute, path_to
from evently.privacy.addresses import smtp_address
from notifications.emails.email_content import AttachedFile, EmailContent
from notifications.emails.mime import Email, Part
from notifications.emails.templates import render_active
from notifications.emails.tickets import InlineImage
from notifications.kinds import kind_named
from notifications.kinds.common import record_note
from notifications.kinds.rows import read_together, rows_of
from notifications.models import Notification
from notifications.returns.tokens import TOKEN_NAME, bounce_address, token_of


def message_id_of(notification_id: UUID) -> str:
    """Return the Message-ID of a message's email: the same, however often it is sent."""
    return f"<{notification_id}@{urlsplit(settings.PUBLIC_URL).hostname}>"


def build_email(notification: Notification, user: User) -> EmailMultiAlternatives:
    """Return the email of a message, ready to be sent.

    Raises EmailObsolete, UnknownKind.
    """
    if notification.rows is None:
        read_together([notification])
        try:
            return build_email(notification, user)
        finally:
            notification.rows = None
    content = write_content(notification, user)
    kind = kind_named(notification.type)
    rendered = render_active(
        kind.template,
        content.values,
        footnote=content.footnote,
        versions=rows_of(notification).active_templates,
    )
    address = kind.address_of(notification, user)
    email = Email(
        subject=rendered.subject,
        body=rendered.text,
        to=[smtp_address(address)],
        reply_to=reply_to(notification),
        headers={
            "Message-ID": message_id_of(notification.pk),
            "Auto-Submitted": "auto-generated",
        },
    )
    token = token_of(notification.pk, address)
    email.bounce_address, email.metadata = bounce_address(token), {TOKEN_NAME: token}
    email.attach_alternative(rendered.html, "text/html")
    for image in content.images:
        email.attach(_inline(image))
    for number, calendar in enumerate(content.calendars, start=1):
        email.attach(_calendar(calendar, number))
    for file in content.files:
        email.attach(_file(file))
    return email


def reply_to(notification: Notification) -> list[str]:
    """Return where replies go: to the organizer, if the message is about an event of theirs."""
    if notification.event_id is None:
        return []
    address = rows_of(notification).reply_address(notification.event_id)
    return [smtp_address(address)] if address else []


def write_content(notification: Notification, user: User) -> EmailContent:
    """Return what the kind's writer says, with the values and the footnote that any email has.

    Raises EmailObsolete, UnknownKind.
    """
    content = kind_named(notification.type).write_email(notification, user)
    content.footnote = record_note(notification)
    content.values = {
        "siteName": settings.SITE_NAME,
        "siteUrl": settings.PUBLIC_URL,
        "accountUrl": absolute(path_to("account")),
        # Another name where it goes to another person.
        "userName": user.display_name,
        **content.values,
    }
    return content


def _inline(image: InlineImage) -> Part:
    headers = {
        "Content-ID": f"<{image.content_id}>",
        "Content-Disposition": f'inline; filename="{image.name}"',
    }
    return Part("image/png", image.png, headers)


def _file(file: AttachedFile) -> Part:
    disposition = f'attachment; filename="{file.name}"'
    return Part(file.content_type, file.content, {"Content-Disposition": disposition})


def _calendar(calendar: CalendarFile, number: int) -> Part:
    name = "event.ics" if number == 1 else f"event-{number}.ics"
    return Part(
        f'text/calendar; charset="utf-8"; method="{calendar.method}"',
        calendar.content,
        {"Content-Disposition": f'attachment; filename="{name}"'},
    )
