"""Addresses and names as people type them: made uniform, checked, and digested for look-up."""

import hmac
import re
import unicodedata
from hashlib import sha256

from django.conf import settings

from evently.errors import Invalid

# The customer's rule, enforced here since the column holds a sealed value. \Z, not $, which
# would let a line break pass.
ADDRESS_PATTERN = re.compile(r"[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,}\Z")
LONGEST_ADDRESS = 254
LONGEST_NAME = 255


class AddressInvalid(Invalid):
    """What was entered is no e-mail address."""

    code = "address_invalid"
    message = "Please enter an e-mail address like name@example.org."


class NameInvalid(Invalid):
    """What was entered cannot be a name."""

    code = "name_invalid"
    message = "Please enter a name of 1 to 255 characters."


def clean_address(address: str) -> str:
    """Return an address in one form, case kept.

    Raises AddressInvalid.
    """
    cleaned = unicodedata.normalize("NFKC", address).strip()
    if len(cleaned) > LONGEST_ADDRESS or not ADDRESS_PATTERN.match(cleaned):
        raise AddressInvalid(fields={"email": AddressInvalid.message})
    return cleaned


def clean_name(name: str) -> str:
    """Return a name without line breaks and double spaces.

    Raises NameInvalid; for control characters such as null bytes too.
    """
    cleaned = " ".join(unicodedata.normalize("NFC", name).split())
    unprintable = any(unicodedata.category(character) in {"Cc", "Cs"} for character in cleaned)
    if not cleaned or unprintable or len(cleaned) > LONGEST_NAME:
        raise NameInvalid(fields={"name": NameInvalid.message})
    return cleaned


def digest_of_address(address: str) -> str:
    """Return the keyed digest under which an address is unique and found (64 hex digits).

    Any text has one, so that a look-up of nonsense costs the same and finds nobody.
    """
    normalised = unicodedata.normalize("NFKC", address).casefold().strip()
    key = settings.EVENTLY_DIGEST_KEY.encode()
    return hmac.new(key, normalised.encode("utf-8", "surrogatepass"), sha256).hexdigest()
