"""The files of logos, kept in the process: thousands of emails have the same one."""

from functools import lru_cache
from uuid import UUID

from notifications.emails.logos import Logo
from notifications.logo_models import EventLogo

# With its base64, a logo takes up to 80 kB.
MOST_KEPT = 64


class Replaced(LookupError):
    """The logo is another one by now, or none; not to be kept under the former digest."""


def kept_logo(event_id: UUID, digest: bytes) -> Logo | None:
    """Return the logo of an event, whose digest the caller has just read; None if it is gone.

    One that was replaced since is returned as it is now.
    """
    try:
        return _kept(event_id, digest)
    except Replaced:
        row = EventLogo.objects.filter(event_id=event_id).first()
        return row.logo if row is not None else None


@lru_cache(maxsize=MOST_KEPT)
def _kept(event_id: UUID, digest: bytes) -> Logo:
    row = EventLogo.objects.filter(event_id=event_id, digest=digest).first()
    if row is None:
        raise Replaced
    return row.logo
