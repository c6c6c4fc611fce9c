"""The links by which a person unsubscribes: signed, of one person, kind and event.

They do not expire: people unsubscribe from the email that they happen to find, also after years,
and a link that no longer works makes them report it as spam instead. Whoever has one can only turn
off emails to that person, and on again what was turned off by it. They hold ids and a signature,
and neither names nor addresses.
"""

from dataclasses import dataclass
from uuid import UUID

from django.core import signing

from evently.accounts.models import User
from evently.links import LinkInvalid, absolute, path_with
from notifications.kinds import Category, Kind, Urgency
from notifications.models import Channel

SIGNER = signing.Signer(salt="notifications.unsubscribing", sep=".")


@dataclass(frozen=True)
class UnsubscribeToken:
    """What a link is about. version: `links_version` of the user when the email was sent."""

    user_id: UUID
    kind: str
    event_id: UUID | None
    version: int


def is_list(kind: Kind) -> bool:
    """Tell whether a kind goes to many at once, as a mailing list does."""
    is_email = Channel.EMAIL in kind.channels
    return is_email and kind.urgency is Urgency.BULK and kind.category is not Category.ACCOUNT


def has_link(kind: Kind) -> bool:
    """Tell whether emails of a kind have a link to unsubscribe."""
    return is_list(kind) and not kind.is_always_sent and kind.recipient is None


def unsubscribe_url(user: User, kind: Kind, event_id: UUID | None) -> str:
    """Return the link for the emails of a kind to a user: the same in each of them."""
    event = event_id.hex if event_id is not None else ""
    value = f"{user.pk.hex}-{event}-{kind.name}-{user.links_version}"
    return absolute(path_with("unsubscribe", SIGNER.sign(value)))


def read_token(token: str) -> UnsubscribeToken:
    """Return what a link is about. Raises LinkInvalid."""
    try:
        user, event, kind, version = SIGNER.unsign(token).split("-")
        event_id = UUID(hex=event) if event else None
        return UnsubscribeToken(UUID(hex=user), kind, event_id, int(version))
    except (signing.BadSignature, ValueError) as error:
        raise LinkInvalid from error
