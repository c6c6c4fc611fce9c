"""Emails that are not sent yet: a draft of a template, on sample data or on a message of one's own.

Whose message it is decides the database: it is looked up as the person who asks, as an attendee,
whatever else they may do.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from evently.accounts.models import User
from evently.database.identity import acting_as, as_worker, attendee
from evently.errors import NotFound
from notifications.emails.email_content import EmailObsolete
from notifications.emails.message import build_email, compose, message_id_of, values_of_all
from notifications.emails.mime import Email
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


@dataclass(frozen=True)
class Draft:
    """What is tried. template: None for the one in use. own: a message of one's own, or None."""

    type_: TemplateType
    template: Template | None = None
    own: UUID | None = None

    def as_json(self) -> dict[str, Any]:
        """Return it for a task: without personal data."""
        parts = self.template
        return {
            "type": self.type_.value,
            "template": [parts.subject, parts.html, parts.text] if parts is not None else None,
            "own": str(self.own) if self.own is not None else None,
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "Draft":
        return cls(
            TemplateType(data["type"]),
            Template(*data["template"]) if data["template"] is not None else None,
            UUID(data["own"]) if data["own"] is not None else None,
        )


def own_messages(user_id: UUID, type_: TemplateType) -> Sequence[Notification]:
    """Return a person's own messages whose emails have a template, newest first."""
    with acting_as(attendee(user_id)):
        return list(_own(user_id, type_).newest_first()[:MOST_OWN])


def draft_email(draft: Draft, user: User) -> Email:
    """Return the email that a draft would become for the person who tries it.

    Raises NothingToShow, and what `render_bounded` raises.
    """
    if draft.own is not None:
        return _own_email(draft, user)
    content = sample_content(draft.type_, user=user)
    content.values = {**values_of_all(user), **content.values}
    if draft.template is not None:
        rendered = render_bounded(draft.template, content.values)
    else:
        rendered = render_active(draft.type_, content.values)
    return compose(content, rendered, to=user.email, message_id=message_id_of(uuid4()))


def _own_email(draft: Draft, user: User) -> Email:
    with acting_as(attendee(user.pk)):
        notification = _own(user.pk, draft.type_).filter(pk=draft.own).first()
    if notification is None or notification.user_id != user.pk:
        raise NothingToShow
    # It is theirs; what it is about is read as it is for their email.
    with as_worker():
        try:
            return build_email(notification, user, template=draft.template)
        except EmailObsolete as error:
            raise NothingToShow from error


def _own(user_id: UUID, type_: TemplateType) -> Any:
    # Not those of the account: their links log in, or set a password.
    kinds = [
        kind.name
        for kind in KINDS.values()
        if kind.template == type_ and not kind.category.is_always_sent
    ]
    return Notification.objects.filter(user_id=user_id, type__in=kinds)
