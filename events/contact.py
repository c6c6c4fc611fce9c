"""How attendees reach the organizer of an event.

An organizer publishes an email address or a link with the event, or their own confirmed address.
Replies to emails about the event go to that address only where it is known to be theirs: otherwise
an organizer could have the replies of thousands sent to a stranger.
"""

import json
from base64 import b64decode
from dataclasses import dataclass
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.db.models import F, Func, Q, TextField

from evently.accounts.models import User
from evently.database.identity import as_worker
from evently.database.prepared import execute_prepared
from evently.privacy.addresses import digests_of_address
from evently.privacy.models import PersonKey
from events.models import Event, StaffRole

ORGANIZER = "SELECT evently_organizer(%s::uuid)"
PUBLIC_ORGANIZER = Func(F("pk"), function="evently_organizer", output_field=TextField())


@dataclass(frozen=True)
class PublicOrganizer:
    """What everybody may know of the organizer of an event.

    name: "" once their account is erased. email: their own, confirmed one where they chose to show
    it, or "".
    """

    name: str
    email: str


def organizer_of(event: Event) -> PublicOrganizer:
    """Return what is public of the organizer of an event.

    The event is published, or one that is managed by who asks, or has its `created_by`.
    """
    if Event.created_by.is_cached(event):
        return _public(event, event.created_by)
    known = vars(event).get("public_organizer")
    if known is None:
        ((known,),) = execute_prepared(connection, ORGANIZER, [event.pk])
    facts = json.loads(known)
    user = User(
        pk=UUID(facts["id"]),
        sealed_name=facts["name"],
        sealed_email=facts["email"],
        is_active=facts["is_active"],
    )
    if facts["key"] is not None:
        user.person_key = PersonKey(
            user_id=user.pk,
            wrapped_key=b64decode(facts["key"]),
            wrapping_key_name=facts["key_name"],
        )
    return PublicOrganizer(
        user.name, user.email if _shows(event, user, facts["is_verified"]) else ""
    )


def _public(event: Event, organizer: User) -> PublicOrganizer:
    is_verified = organizer.email_verified_at is not None
    shown = organizer.email if _shows(event, organizer, is_verified) else ""
    return PublicOrganizer(organizer.name, shown)


def _shows(event: Event, organizer: User, is_verified: bool) -> bool:
    return event.shows_organizer_email and organizer.is_active and is_verified


def contact_address(event: Event) -> str:
    """Return the email address that is published with an event, or ""."""
    return event.contact_email or _own_address(event)


def reply_address(event: Event) -> str:
    """Return where replies to emails about an event go, or "" for nowhere."""
    address = event.contact_email
    if not address:
        return _own_address(event)
    return address if may_get_replies(event, address) else ""


def may_get_replies(event: Event, address: str) -> bool:
    """Return whether replies of an event's attendees may go to an address that was entered."""
    domain = address.rpartition("@")[2].casefold()
    return domain in settings.REPLY_TO_DOMAINS or _is_of_manager(event, address)


def _own_address(event: Event) -> str:
    return organizer_of(event).email


@as_worker()
def _is_of_manager(event: Event, address: str) -> bool:
    """Return whether an address is the confirmed one of a user who manages the event."""
    managers = event.staff.filter(role=StaffRole.MANAGER).values("user_id")
    return User.objects.filter(
        Q(pk=event.created_by_id) | Q(pk__in=managers),
        email_digest__in=digests_of_address(address),
        email_verified_at__isnull=False,
        is_active=True,
    ).exists()
