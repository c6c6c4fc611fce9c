"""What a receipt says: what was done, and what lies beyond reach. It holds no personal data."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.urls import reverse

from evently.erasure.models import Erasure
from evently.erasure.signing import link_token
from evently.links import absolute

VERSION = 1
# What can have been done, by its name in receipts, in the order in which they list it.
DONE = {
    "bookings_cancelled": "Upcoming bookings cancelled",
    "entries_ended": "Places on waitlists given up",
    "offers_ended": "Offers of seats declined",
    "logins_ended": "API tokens deleted",
    "sessions_ended": "Sessions deleted",
    "factors_deleted": "Passkeys, authenticator apps and recovery codes deleted",
    "origins_removed": "Booking attempts whose IP address and browser were removed",
    "texts_erased": (
        "Texts about the person, and texts of messages to and by them, replaced by “(erased)”"
    ),
    "entered_removed": "Names and addresses entered by other people removed",
    "settings_removed": (
        "Bookings and waitlist entries whose settings and email digest were removed"
    ),
    "answers_deleted": "Stored answers to requests deleted",
    "returns_deleted": "Reports about emails that came back, and suppressed addresses, deleted",
    "copies_deleted": "Copies of sent emails, and answers of mail servers to them, deleted",
    "exports_deleted": "Requested files of all data deleted",
    "trail_redacted": "Entries of the audit log whose texts and settings were removed",
    "contacts_removed": "Contact addresses on past events removed",
    "address_changes_deleted": "Records of changed email addresses deleted",
    "digests_cleared": "Digests of the email address, by which the account was found, cleared",
    "keys_destroyed": (
        "Keys destroyed, without which the name and email address cannot be decrypted anywhere"
    ),
    "rows_deleted": "Accounts deleted, with all their rows",
}


@dataclass(frozen=True)
class Beyond:
    """Something that erasing does not reach. until: when it is gone, if that is known."""

    what: str
    text: str
    count: int | None = None
    until: datetime | None = None


def payload_of(
    erasure: Erasure,
    *,
    counts: Mapping[str, int],
    beyond: Sequence[Beyond],
    requested_at: datetime | None,
    key_due_at: datetime | None = None,
) -> dict[str, Any]:
    """Return what the receipt of an erasure says.

    counts: by the names in DONE. key_due_at: until when the key is destroyed, while it is not.
    """
    known = Counter(counts)
    return {
        "type": "evently-erasure-receipt",
        "version": VERSION,
        "receipt": str(erasure.pk),
        "site": {"name": settings.SITE_NAME, "url": settings.PUBLIC_URL},
        "account": str(erasure.user_id),
        "kind": erasure.kind,
        "cause": erasure.cause,
        "requested_at": _written(requested_at),
        "erased_at": _written(erasure.erased_at),
        "completed_at": _written(erasure.completed_at),
        "key_destroyed_by": _written(key_due_at),
        "register_entry": erasure.number,
        "done": [
            {"what": what, "count": known[what], "text": text}
            for what, text in DONE.items()
            if known[what]
        ],
        "beyond_reach": [{**asdict(one), "until": _written(one.until)} for one in beyond],
        "keys": absolute(reverse("receipt_keys")),
    }


def receipt_link(erasure_id: UUID) -> str:
    """Return the public URL of a receipt's page."""
    return absolute(reverse("receipt", args=[link_token(erasure_id)]))


def _written(at: datetime | None) -> str | None:
    return at.isoformat(timespec="seconds") if at else None
