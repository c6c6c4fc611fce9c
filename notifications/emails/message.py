"""An email as it is sent: rendered text, inline images, calendar file, and a stable Message-ID."""

from collections.abc import Mapping, Sequence
from html import escape

from django.conf import settings

from bookings.calendar import CalendarFile
from evently.accounts.models import User
from evently.links import absolute, path_to
from evently.privacy.addresses import smtp_address
from events.models import Event
from notifications.emails.email_content import AttachedFile, EmailContent, InlineImage
from notifications.emails.event_texts import (
    EventTexts,
    TextsFailure,
    around_of,
    from_address,
    picture_of,
)
from notifications.emails.headers import headers_of, message_id_of
from notifications.emails.mime import Email, Part
from notifications.emails.placeholders import RichValue, Value
from notifications.emails.templates import (
    Around,
    RenderedEmail,
    Template,
    render_active,
    render_bounded,
)
from notifications.kinds import Kind, kind_named
from notifications.kinds.common import event_values, record_note
from notifications.kinds.rows import read_together, rows_of
from notifications.models import Notification
from notifications.returns.tokens import TOKEN_NAME, bounce_address, token_of
from notifications.unsubscribing.tokens import has_link, unsubscribe_url


def build_email(
    notification: Notification,
    user: User,
    *,
    template: Template | None = None,
    texts: EventTexts | None = None,
) -> Email:
    """Return the email of a message, ready to be sent.

    template, texts: for previews, instead of the active template and of what the organizer of the
    event has saved. Raises EmailObsolete, UnknownKind; with a template, what `render_bounded`
    raises.
    """
    if notification.rows is None:
        read_together([notification])
        try:
            return build_email(notification, user, template=template, texts=texts)
        finally:
            notification.rows = None
    content = write_content(notification, user)
    kind = kind_named(notification.type)
    texts = texts or _texts_of(notification)
    event = rows_of(notification).event(texts.event_id) if texts is not None else None
    around, failure = surround(texts, event, content)
    if template is not None:
        rendered = render_bounded(template, content.values, around)
    else:
        versions = rows_of(notification).active_templates
        rendered = render_active(kind.template, content.values, around, versions=versions)
    address = kind.address_of(notification, user)
    email = compose(
        content,
        rendered,
        to=address,
        reply_to=reply_to(notification, texts),
        sender_name=texts.sender_name if texts is not None else "",
        headers=headers_of(notification, user, kind),
    )
    email.failures = [each for each in (rendered.failure, failure) if each is not None]
    token = token_of(notification.pk, address)
    email.bounce_address, email.metadata = bounce_address(token), {TOKEN_NAME: token}
    return email


def surround(
    texts: EventTexts | None, event: Event | None, content: EmailContent
) -> tuple[Around, TextsFailure | None]:
    """Return what is put around a template: what the organizer has written, and the footnote.

    content: gets the logo, if there is one.
    """
    values, picture = content.values, ""
    if texts is not None and event is not None:
        values = {**event_values(event), **values}
        picture = picture_of(texts, event)
    around, failure = around_of(texts, values, picture=picture, footnote=content.footnote)
    if picture and failure is None and texts is not None and texts.logo is not None:
        content.images = [*content.images, texts.logo]
    return around, failure


def _texts_of(notification: Notification) -> EventTexts | None:
    """Return what the organizer has added to an email; nothing to those about accounts."""
    kind = kind_named(notification.type)
    if notification.event_id is None or kind.category.is_always_sent:
        return None
    return rows_of(notification).event_texts(notification.event_id, kind.template)


def compose(
    content: EmailContent,
    rendered: RenderedEmail,
    *,
    to: str,
    reply_to: Sequence[str] = (),
    sender_name: str = "",
    headers: Mapping[str, str],
) -> Email:
    """Return an email of its rendered parts and what else it has."""
    email = Email(
        subject=rendered.subject,
        body=rendered.text,
        from_email=from_address(sender_name),
        to=[smtp_address(to)],
        reply_to=list(reply_to),
        headers=dict(headers),
    )
    email.attach_alternative(rendered.html, "text/html")
    for image in content.images:
        email.attach(_inline(image))
    for number, calendar in enumerate(content.calendars, start=1):
        email.attach(_calendar(calendar, number))
    for file in content.files:
        email.attach(_file(file))
    return email


def reply_to(notification: Notification, texts: EventTexts | None = None) -> list[str]:
    """Return where replies go: to the organizer, if the message is about an event of theirs.

    texts: which may name another address for them.
    """
    if notification.event_id is None:
        return []
    rows, address = rows_of(notification), ""
    if texts is not None and texts.reply_to:
        address = rows.own_reply_address(texts.event_id, texts.reply_to)
    address = address or rows.reply_address(notification.event_id)
    return [smtp_address(address)] if address else []


def write_content(notification: Notification, user: User) -> EmailContent:
    """Return what the kind's writer says, with the values and the footnote that any email has.

    Raises EmailObsolete, UnknownKind.
    """
    kind = kind_named(notification.type)
    content = kind.write_email(notification, user)
    notes = [record_note(notification), _unsubscribe_note(notification, user, kind)]
    content.footnote = _joined([note for note in notes if note is not None])
    # Another name where it goes to another person.
    content.values = {**values_of_all(user), **content.values}
    return content


def values_of_all(user: User) -> dict[str, Value]:
    """Return the values of the placeholders that all templates have (`variables.ALL_EMAILS`)."""
    return {
        "siteName": settings.SITE_NAME,
        "siteUrl": settings.PUBLIC_URL,
        "accountUrl": absolute(path_to("account")),
        "userName": user.display_name,
    }


def _unsubscribe_note(notification: Notification, user: User, kind: Kind) -> RichValue | None:
    """Return the link to unsubscribe, in each email that can be turned off and goes to many."""
    if not has_link(kind):
        return None
    url = unsubscribe_url(user, kind, notification.event_id)
    return RichValue(
        text=f"Unsubscribe from these emails:\n{url}",
        html=f'<a href="{escape(url)}">Unsubscribe from these emails</a>',
    )


def _joined(notes: Sequence[RichValue]) -> RichValue | None:
    """Return notes as one, a line for each."""
    if not notes:
        return None
    return RichValue(
        text="\n\n".join(note.text for note in notes),
        html="<br>".join(note.html for note in notes),
    )


def _inline(image: InlineImage) -> Part:
    headers = {
        "Content-ID": f"<{image.content_id}>",
        "Content-Disposition": f'inline; filename="{image.name}"',
    }
    return Part(image.content_type, image.encoded, headers)


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


__all__ = ["build_email", "message_id_of", "reply_to", "write_content"]
