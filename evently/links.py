"""Links in emails: signed, for one purpose, without logging in.

The signature covers the `purpose`, so the link to a ticket cannot be turned into one that leaves
the waitlist. A link only shows a page; acting takes a button on it, as email scanners open links.
"""

from functools import lru_cache
from typing import NamedTuple
from uuid import UUID

from django.conf import settings
from django.core import signing
from django.urls import reverse

from evently.errors import Invalid, NotFound

# Links of users whose address was never corrected do not name a version.
FIRST = 1


class LinkInvalid(NotFound):
    """The link was cut short, altered, or made for something else."""

    code = "link_invalid"
    message = (
        "This link does not work. Open it from the email again, "
        "or log in to find what you are looking for."
    )


class LinkExpired(Invalid):
    """A link that works for a limited time, or once, no longer works, or was cut short."""

    code = "link_expired"
    message = "This link has expired or was already used. Please request a new one."


class LinkedRow(NamedTuple):
    """What a link leads to. version: of the links of the row's user when it was made."""

    event_id: UUID
    row_id: UUID
    version: int = FIRST

    def check(self, version: int) -> None:
        """Raise LinkInvalid where the link was sent to an address that was corrected since.

        version: the user's `links_version`.
        """
        if self.version != version:
            raise LinkInvalid


def sign_link(*, purpose: str, row_id: UUID, event_id: UUID, version: int = FIRST) -> str:
    """Return the token of a link to one row of an event; it does not expire.

    version: the `links_version` of the row's user.
    """
    value = f"{event_id.hex}{row_id.hex}{'' if version == FIRST else version}"
    return signing.Signer(salt=f"evently.links.{purpose}", sep=".").sign(value)


def read_link(*, purpose: str, token: str) -> LinkedRow:
    """Return what a link's token leads to; the caller checks its version.

    Raises LinkInvalid.
    """
    try:
        value = signing.Signer(salt=f"evently.links.{purpose}", sep=".").unsign(token)
        version = int(value[64:]) if value[64:] else FIRST
        return LinkedRow(UUID(hex=value[:32]), UUID(hex=value[32:64]), version)
    except (signing.BadSignature, ValueError) as error:
        raise LinkInvalid from error


def absolute(path: str) -> str:
    """Return the public URL of a path."""
    return f"{settings.PUBLIC_URL}{path}"


@lru_cache(maxsize=64)
def path_to(name: str) -> str:
    """Return the path of a page. name: of a URL that takes nothing."""
    return reverse(name)


def path_of(name: str, row_id: UUID) -> str:
    """Return the path of a page about one row. name: of a URL that takes nothing but its id."""
    before, after = _path_around_id(name)
    return f"{before}{row_id}{after}"


def path_with(name: str, token: str) -> str:
    """Return the path of a signed link. name: of a URL that takes nothing but `token`."""
    before, after = _path_around_token(name)
    return f"{before}{token}{after}"


def link_to(name: str, *, purpose: str, row_id: UUID, event_id: UUID, version: int = FIRST) -> str:
    """Return the public URL of a signed link; name: of a URL that takes `token`."""
    token = sign_link(purpose=purpose, row_id=row_id, event_id=event_id, version=version)
    return absolute(path_with(name, token))


# Django's `reverse` takes as long as ten lines of a page, and some pages have a dozen links.
@lru_cache(maxsize=64)
def _path_around_id(name: str) -> tuple[str, str]:
    """Return what the path of a URL has before and after the id of its row."""
    stand_in = UUID(int=0)
    before, _, after = reverse(name, args=[stand_in]).partition(str(stand_in))
    return before, after


@lru_cache(maxsize=64)
def _path_around_token(name: str) -> tuple[str, str]:
    """Return what the path of a URL has before and after its token, which has no quoted letters."""
    before, _, after = reverse(name, args=["a.b"]).partition("a.b")
    return before, after
