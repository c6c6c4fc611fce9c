"""How attendees reach the organizer of an event.

An organizer publishes an email address or a link with the event, or their own confirmed address.
Replies to emails about the event go to that address only where it is known to be theirs: otherwise
an organizer could have the replies of thousands sent to a stranger.
"""

from django.conf import settings
from django.db.models import Q

from evently.accounts.models import User
from evently.privacy.addresses import digests_of_address
from events.models import Event, StaffRole


def contact_address(event: Event) -> str:
    """Return the email address that is published with an event, or ""; `created_by` is loaded."""
    return event.contact_email or _own_address(event)


def reply_address(event: Event) -> str:
    """Return where replies to emails about an event go, or "" for nowhere."""
    address = event.contact_email
    if not address:
        return _own_address(event)
    domain = address.rpartition("@")[2].casefold()
    is_known = domain in settings.REPLY_TO_DOMAINS or _is_of_manager(event, address)
    return address if is_known else ""


def _own_address(event: Event) -> str:
    if not event.shows_organizer_email:
        return ""
    organizer = event.created_by
    is_confirmed = organizer.is_active and organizer.email_verified_at is not None
    return str(organizer.email) if is_confirmed else ""


def _is_of_manager(event: Event, address: str) -> bool:
    """Return whether an address is the confirmed one of a user who manages the event."""
    managers = event.staff.filter(role=StaffRole.MANAGER).values("user_id")
    return User.objects.filter(
        Q(pk=event.created_by_id) | Q(pk__in=managers),
        email_digest__in=digests_of_address(address),
        email_verified_at__isnull=False,
        is_active=True,
    ).exists()
