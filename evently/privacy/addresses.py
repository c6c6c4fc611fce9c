"""Email addresses and names as entered: normalized, validated, and digested for lookup."""

import hmac
import re
import unicodedata
from hashlib import sha256

from django.conf import settings

from evently.errors import Invalid

# The format rule of the data model, enforced here since the column holds a sealed value. \Z, not $,
# which would accept a trailing line break.
ADDRESS_PATTERN = re.compile(r"[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,}\Z")
LONGEST_ADDRESS = 254
LONGEST_NAME = 255


class AddressInvalid(Invalid):
    code = "address_invalid"
    message = "Please enter an email address like name@example.org."


class NameInvalid(Invalid):
    code = "name_invalid"
    message = "Please enter a name of 1 to 255 characters."


def clean_address(address: str) -> str:
    """Return a normalized email address; case is kept.

    Raises AddressInvalid.
    """
    cleaned = unicodedata.normalize("NFKC", address).strip()
    if len(cleaned) > LONGEST_ADDRESS or not ADDRESS_PATTERN.match(cleaned):
        raise AddressInvalid(fields={"email": AddressInvalid.message})
    return cleaned


def clean_name(name: str) -> str:
    """Return a name with whitespace collapsed.

    Raises NameInvalid, also for control characters such as null bytes.
    """
    cleaned = " ".join(unicodedata.normalize("NFC", name).split())
    unprintable = any(unicodedata.category(character) in {"Cc", "Cs"} for character in cleaned)
    if not cleaned or unprintable or len(cleaned) > LONGEST_NAME:
        raise NameInvalid(fields={"name": NameInvalid.message})
    return cleaned


def digest_of_address(address: str) -> str:
    """Return the keyed digest by which an email address is unique and looked up (64 hex digits).

    Accepts any text, so that looking up an invalid address takes as long and finds no user.
    """
    return _digest(address, settings.EVENTLY_DIGEST_KEY)


def digests_of_address(address: str) -> list[str]:
    """Return the digests under all known keys, the current one first: to look up, not to store."""
    keys = [settings.EVENTLY_DIGEST_KEY, *settings.EVENTLY_DIGEST_KEY_FALLBACKS]
    return [_digest(address, key) for key in keys]


def _digest(address: str, key: str) -> str:
    normalised = unicodedata.normalize("NFKC", address).casefold().strip()
    return hmac.new(key.encode(), normalised.encode("utf-8", "surrogatepass"), sha256).hexdigest()
