"""Tokens by which a report leads back to its email: signed, and without personal data.

A token is in the envelope's sender (`bounces+TOKEN@example.org`), to which mail servers return an
email, and in what email services pass on to their webhooks. Only who got the email knows it, so a
forged report cannot name another person's. It names the notification, and four bytes of the digest
of the address: a report about the address before it was changed is none about the new one.
"""

import base64
import binascii
import hmac
import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings
from django.utils.crypto import salted_hmac

from evently.privacy.addresses import digest_of_address, digests_of_address

# Base32, since some mail servers change the case of addresses.
TAG_BYTES, MAC_BYTES, ID_BYTES = 4, 10, 16
LENGTH = (ID_BYTES + TAG_BYTES + MAC_BYTES) * 8 // 5
LOCAL_PART_LENGTH = 64
TOKEN = re.compile(rb"\+([A-Za-z2-7]{%d})(?:@|=40)" % LENGTH)
MESSAGE_ID = re.compile(rb"<([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})@([A-Za-z0-9.-]+)>", re.I)
# Under which a token goes to an email service, and comes back.
TOKEN_NAME = "evently_token"  # noqa: S105
SALT = "evently.returns"
# More than one email in a report is none of ours.
MOST_FOUND = 20


@dataclass(frozen=True)
class Named:
    """The email that a token names. tag: the first bytes of the digest of its address."""

    notification_id: UUID
    tag: bytes

    def went_to(self, address: str) -> bool:
        """Return whether the email went to this address."""
        return any(_tag(digest) == self.tag for digest in digests_of_address(address))


def token_of(notification_id: UUID, address: str) -> str:
    """Return the token of an email to an address."""
    value = notification_id.bytes + _tag(digest_of_address(address))
    return base64.b32encode(value + _mac(value, settings.SECRET_KEY)).decode().lower()


def read_token(token: str) -> Named | None:
    """Return what a token names; None where it was not made here."""
    if len(token) != LENGTH:
        return None
    try:
        raw = base64.b32decode(token.upper())
    except (binascii.Error, ValueError):
        return None
    value, mac = raw[:-MAC_BYTES], raw[-MAC_BYTES:]
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    if not any(hmac.compare_digest(_mac(value, key), mac) for key in keys):
        return None
    return Named(UUID(bytes=value[:ID_BYTES]), value[ID_BYTES:])


def bounce_address(token: str) -> str:
    """Return the envelope's sender of an email; "" where BOUNCE_ADDRESS is not set."""
    local_part, _, domain = settings.BOUNCE_ADDRESS.rpartition("@")
    return f"{local_part}+{token}@{domain}" if local_part else ""


def named_in(raw: bytes) -> Named | None:
    """Return the email that a report, or the address that it was sent to, names by a token."""
    return _first(_tokens_in(raw))


def notification_ids_in(raw: bytes) -> list[UUID]:
    """Return the notifications whose Message-IDs are in a report: a hint, which proves nothing."""
    host = (urlsplit(settings.PUBLIC_URL).hostname or "").encode()
    found = [
        UUID(id_.decode())
        for id_, its_host in MESSAGE_ID.findall(raw)
        if its_host.lower() == host.lower()
    ]
    return list(dict.fromkeys(found))[:MOST_FOUND]


def _tokens_in(raw: bytes) -> Iterable[str]:
    found = dict.fromkeys(TOKEN.findall(raw))
    return (token.decode().lower() for token in list(found)[:MOST_FOUND])


def _first(tokens: Iterable[str]) -> Named | None:
    return next((named for token in tokens if (named := read_token(token))), None)


def _tag(digest: str) -> bytes:
    return bytes.fromhex(digest[: 2 * TAG_BYTES])


def _mac(value: bytes, key: str) -> bytes:
    return salted_hmac(SALT, value, secret=key, algorithm="sha256").digest()[:MAC_BYTES]
