"""What a notification kind consists of, and the message that one fact makes of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any
from uuid import UUID

from django.db import models
from django.urls import reverse

from evently.accounts.models import User
from notifications.emails.email_content import EmailContent
from notifications.models import Channel, Notification, TemplateType

IN_APP_ONLY = (Channel.IN_APP,)
EMAIL_ONLY = (Channel.EMAIL,)
IN_APP_AND_EMAIL = (Channel.IN_APP, Channel.EMAIL)


class IncompleteKind(Exception):
    """A kind lacks a part, or its name is taken; raised while the registry is imported."""


class UnknownKind(LookupError):
    """A kind that is not in the registry."""


class Category(models.TextChoices):
    """What users turn on and off together; the values are field names of the preferences form."""

    ACCOUNT = "account", "My account"
    BOOKINGS = "bookings", "Tickets I hand over, and seats I give back"
    WAITLIST = "line", "Joining a waitlist, and when it closes"
    OFFERS = "offers", "Seats offered to me"
    EVENT_CHANGES = "changes", "Changes to my events"
    REMINDERS = "reminders", "Reminders of my events"
    MESSAGES = "messages", "Messages from organizers, and thanks after an event"
    OTHER = "other", "Everything else"

    @property
    def is_always_sent(self) -> bool:
        """Whether an account cannot work without these, so that preferences do not apply."""
        return self is Category.ACCOUNT

    @property
    def is_in_form(self) -> bool:
        """Whether the preferences form has a switch; without one, only the API can turn it off."""
        return self not in (Category.ACCOUNT, Category.OTHER)


# Of which a person can turn off what concerns one event.
EVENT_CATEGORIES = (Category.REMINDERS, Category.EVENT_CHANGES, Category.MESSAGES)


class Need(models.TextChoices):
    """Why a kind cannot be turned off. `evently_always_sent` knows these kinds, too."""

    ACCOUNT = "account", "Your account does not work without them."
    TICKET = "ticket", "They are about tickets that you have, or would lose."
    LAW = "law", "They confirm in writing what you must be told by law."


class Urgency(IntEnum):
    """Which emails go first. As `evently_email_urgency` has it, by which rows are taken."""

    # A person waits for it, or it cannot be acted on for long.
    URGENT = 0
    # What a person has just done: tickets above all.
    SOON = 1
    # What goes to many at once.
    BULK = 2


@dataclass(frozen=True)
class Link:
    """Where a message in the inbox leads, and the words of the link."""

    url: str
    text: str


@dataclass(frozen=True)
class Kind:
    """One kind of notification: all that the rest of the app needs to know about it.

    name: the stored `type`, allowed by `chk_notification_type` (notifications/migration.py).
    label: for the admin and the API's documentation. channels: of an ordinary message of this
    kind. icon: an id in static/img/icons.svg. link: for the inbox; may return None.
    write_email: makes the values of the email's template from rows at the time of sending, and
    raises EmailObsolete where what the message is about is over or gone. is_superseded: asked of an
    email that was held back only: whether what happened since has made it pointless. recipient:
    the address it goes to, by default that of the account; may raise EmailObsolete.
    urgency: a new kind that is not BULK needs a version of `evently_email_urgency`, too.
    need: why it cannot be turned off, though others of its category can; a kind with a need, and
    one of ACCOUNT, is in `evently_always_sent`, too.
    for_organizers: whether organizers see it though it belongs to an account. on_request: whether
    its recipient has just asked for it and waits, so that even an address that has complained gets
    it (`notifications.returns`). bears_head: its messages keep the head of the waitlist's record at
    their time, and its emails show it.
    """

    name: str
    label: str
    category: Category
    write_email: Callable[[Notification, User], EmailContent]
    channels: tuple[Channel, ...] = IN_APP_AND_EMAIL
    template: TemplateType = TemplateType.NOTIFICATION
    urgency: Urgency = Urgency.BULK
    icon: str = ""
    link: Callable[[Notification], Link | None] | None = None
    is_superseded: Callable[[Notification], bool] | None = None
    recipient: Callable[[Notification, User], str] | None = None
    need: Need | None = None
    for_organizers: bool = False
    on_request: bool = False
    bears_head: bool = False

    def __post_init__(self) -> None:
        missing = [part for part in ("name", "label", "channels") if not getattr(self, part)]
        if Channel.IN_APP in self.channels:
            missing += [part for part in ("icon", "link") if not getattr(self, part)]
        if missing:
            raise IncompleteKind(f"The kind {self.name!r} lacks: {', '.join(missing)}.")

    def address_of(self, notification: Notification, user: User) -> str:
        """Return the address that the email of a message goes to. Raises EmailObsolete."""
        return user.email if self.recipient is None else self.recipient(notification, user)

    @property
    def needed_for(self) -> Need | None:
        """Why preferences do not apply to it; None where they do."""
        return Need.ACCOUNT if self.category.is_always_sent else self.need

    @property
    def is_always_sent(self) -> bool:
        return self.needed_for is not None

    @property
    def is_urgent(self) -> bool:
        """Whether its emails may use up the last one that an unconfirmed address gets.

        They let the owner confirm the address, or cannot be acted on any more when they are late.
        """
        return self.category in (Category.ACCOUNT, Category.OFFERS, Category.EVENT_CHANGES)

    def message(
        self,
        *,
        user_id: UUID,
        key: str,
        text: str,
        event_id: UUID | None = None,
        data: Mapping[str, Any] | None = None,
        channels: tuple[Channel, ...] | None = None,
        bears_head: bool | None = None,
    ) -> "Message":
        """Return a message of this kind, not yet written; `notify` writes it."""
        return Message(
            kind=self,
            user_id=user_id,
            key=key,
            text=text,
            event_id=event_id,
            data=data or {},
            channels=self.channels if channels is None else channels,
            bears_head=self.bears_head if bears_head is None else bears_head,
        )


@dataclass(frozen=True)
class Message:
    """One message to one user, not yet written.

    key: what makes it unique for this user, such as `booking_confirm:<id>`.
    text: one sentence or two, complete without the email.
    data: ids and facts of the event that the email needs; no personal data, no secrets.
    bears_head: it is written with the head of the waitlist's record, as `record` of its data.
    """

    kind: Kind
    user_id: UUID
    key: str
    text: str
    channels: tuple[Channel, ...]
    event_id: UUID | None = None
    data: Mapping[str, Any] = field(default_factory=dict)
    bears_head: bool = False


# All kinds by name; filled by `notifications.kinds`, which imports the modules of all topics.
KINDS: dict[str, Kind] = {}


def kind_named(name: str) -> Kind:
    """Return a kind by the `type` of its notifications. Raises UnknownKind."""
    try:
        return KINDS[name]
    except KeyError:
        raise UnknownKind(name) from None


# ── Links of the inbox ──────────────────────────────────────────────────────
def no_link(notification: Notification) -> Link | None:
    return None


def link_to_event(notification: Notification) -> Link | None:
    if notification.event_id is None:
        return None
    return Link(reverse("event_detail", args=[notification.event_id]), "Show the event")


def link_to_row(url_name: str, item: str, text: str) -> Callable[[Notification], Link | None]:
    """Return the link to the row whose id a message has under `item` of its data."""

    def link(notification: Notification) -> Link | None:
        row_id = notification.data.get(item)
        return Link(reverse(url_name, args=[row_id]), text) if row_id else None

    return link
