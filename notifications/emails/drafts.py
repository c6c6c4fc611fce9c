"""Emails that are not sent yet: a draft of a template, on sample data or on a message of one's own.

Whose message it is decides the database: it is looked up as the person who asks, as an attendee,
whatever else they may do.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from evently.accounts.models import User
from evently.database.clock import now
from evently.database.identity import acting_as, as_worker, attendee
from evently.errors import Invalid, NotFound
from evently.privacy.addresses import smtp_address
from events.contact import may_get_replies, reply_address
from events.models import Event
from notifications.emails.email_content import EmailObsolete
from notifications.emails.event_samples import event_samples
from notifications.emails.event_texts import FIELDS, EventTexts, TextsFailure
from notifications.emails.headers import headers_of_any
from notifications.emails.logos import Logo
from notifications.emails.message import build_email, compose, surround, values_of_all
from notifications.emails.mime import Email
from notifications.emails.placeholders import Value
from notifications.emails.samples import sample_content
from notifications.emails.templates import render_active, render_bounded
from notifications.kinds import KINDS
from notifications.models import Notification
from notifications.template_models import Template, TemplateType

MOST_OWN = 10


class NothingToShow(NotFound):
    code = "nothing_to_show"
    message = (
        "This message of yours is over, or what it was about is gone. Choose another, or sample "
        "data."
    )


class TextsUnfilled(Invalid):
    code = "texts_unfilled"
    message = "These texts cannot be filled: check their placeholders."


@dataclass(frozen=True)
class Draft:
    """What is tried.

    template: None for the one in use. own: a message of one's own, or None. texts: of an event that
    the person manages, or None.
    """

    type_: TemplateType
    template: Template | None = None
    own: UUID | None = None
    texts: EventTexts | None = None

    def as_json(self) -> dict[str, Any]:
        """Return it for a task: without personal data but the address for replies."""
        parts, texts = self.template, self.texts
        return {
            "type": self.type_.value,
            "template": [parts.subject, parts.html, parts.text] if parts is not None else None,
            "own": str(self.own) if self.own is not None else None,
            "event": str(texts.event_id) if texts is not None else None,
            "texts": {name: getattr(texts, name) for name in FIELDS} if texts is not None else {},
            "logo": texts.logo.as_json() if texts is not None and texts.logo is not None else None,
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "Draft":
        event, logo = data.get("event"), data.get("logo")
        own = {**data["texts"], "logo": Logo.from_json(logo) if logo is not None else None}
        return cls(
            TemplateType(data["type"]),
            Template(*data["template"]) if data["template"] is not None else None,
            UUID(data["own"]) if data["own"] is not None else None,
            EventTexts(UUID(event), **own) if event is not None else None,
        )


def own_messages(
    user_id: UUID, type_: TemplateType, *, event_id: UUID | None = None
) -> Sequence[Notification]:
    """Return a person's own messages whose emails have a template, newest first.

    event_id: only those about an event.
    """
    with acting_as(attendee(user_id)):
        rows = _own(user_id, type_)
        if event_id is not None:
            rows = rows.filter(event_id=event_id)
        return list(rows.newest_first()[:MOST_OWN])


def draft_email(draft: Draft, user: User) -> Email:
    """Return the email that a draft would become for the person who tries it.

    Raises NothingToShow, TextsUnfilled, and what `render_bounded` raises.
    """
    email = _sample_email(draft, user) if draft.own is None else _own_email(draft, user)
    if any(isinstance(failure, TextsFailure) for failure in email.failures):
        raise TextsUnfilled
    return email


def _sample_email(draft: Draft, user: User) -> Email:
    event = _event_of(draft)
    given: dict[str, Value] = {}
    replies = _replies_of(event, draft.texts)
    if event is not None:
        given = event_samples(draft.type_, event, at=now(), can_reply=bool(replies))
    content = sample_content(draft.type_, user=user, values=given)
    content.values = {**values_of_all(user), **content.values}
    around, failure = surround(draft.texts, event, content)
    if draft.template is not None:
        rendered = render_bounded(draft.template, content.values, around)
    else:
        rendered = render_active(draft.type_, content.values, around)
    texts = draft.texts
    email = compose(
        content,
        rendered,
        to=user.email,
        reply_to=replies,
        sender_name=texts.sender_name if texts is not None else "",
        headers=headers_of_any(uuid4()),
    )
    email.failures = [failure] if failure is not None else []
    return email


def _event_of(draft: Draft) -> Event | None:
    """Return the event whose texts are tried, if who tries them may see it."""
    if draft.texts is None:
        return None
    return Event.objects.filter(pk=draft.texts.event_id).first()


def _replies_of(event: Event | None, texts: EventTexts | None) -> list[str]:
    if event is None or texts is None:
        return []
    own = texts.reply_to if texts.reply_to and may_get_replies(event, texts.reply_to) else ""
    address = own or reply_address(event)
    return [smtp_address(address)] if address else []


def _own_email(draft: Draft, user: User) -> Email:
    with acting_as(attendee(user.pk)):
        notification = _own(user.pk, draft.type_).filter(pk=draft.own).first()
    if notification is None or notification.user_id != user.pk:
        raise NothingToShow
    if draft.texts is not None and draft.texts.event_id != notification.event_id:
        raise NothingToShow
    # It is theirs; what it is about is read as it is for their email.
    with as_worker():
        try:
            return build_email(notification, user, template=draft.template, texts=draft.texts)
        except EmailObsolete as error:
            raise NothingToShow from error


def _own(user_id: UUID, type_: TemplateType) -> Any:
    # Not those of the account: their links log in, or set a password.
    return Notification.objects.filter(user_id=user_id, type__in=kinds_of(type_))


def kinds_of(type_: TemplateType) -> list[str]:
    """Return the kinds whose emails have a template and are not about the account."""
    return [
        kind.name
        for kind in KINDS.values()
        if kind.template == type_ and not kind.category.is_always_sent
    ]
