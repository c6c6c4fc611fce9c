"""Email addresses as entered: normalized, validated, and digested for lookup.

An address is `local@domain` with a local part of RFC 5321's dot-atoms (no quoted strings) and a
domain of at least two labels, which may be international (IDNA 2008). It is stored and shown with
its domain in Unicode, and goes to mail servers with the domain in ASCII (`smtp_address`). The local
part has to be ASCII: many mail servers cannot receive others yet (SMTPUTF8).
"""

import hmac
import re
import unicodedata
from hashlib import sha256

import idna
from django.conf import settings

from evently.errors import Invalid

# \Z, not $, which would accept a trailing line break.
ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
DOT_ATOM = re.compile(rf"{ATOM}(?:\.{ATOM})*\Z")
LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\Z")
TOP_LEVEL = re.compile(r"(?:[a-z]{2,63}|xn--[a-z0-9-]+)\Z")
LONGEST_ADDRESS = 254
LONGEST_LOCAL_PART = 64
LONGEST_DOMAIN = 253
# Providers that ignore dots in the local part, by all their domains.
IGNORING_DOTS = {"gmail.com": "gmail.com", "googlemail.com": "gmail.com"}


class AddressInvalid(Invalid):
    code = "address_invalid"
    message = "Please enter an email address like name@example.org."


NOT_ASCII = (
    "The part before the @ has letters that many mail servers cannot receive yet. Please enter an "
    "email address with unaccented letters, like name@example.org."
)


def clean_address(address: str) -> str:
    """Return a normalized email address; case is kept, the domain is in Unicode.

    Raises AddressInvalid.
    """
    cleaned = unicodedata.normalize("NFKC", address).strip()
    local_part, _, domain = cleaned.rpartition("@")
    ascii_domain = _ascii_domain(domain)
    if ascii_domain is None or len(cleaned) > LONGEST_ADDRESS:
        raise AddressInvalid(fields={"email": AddressInvalid.message})
    if not DOT_ATOM.match(local_part):
        has_foreign = any(char.isalpha() and not char.isascii() for char in local_part)
        sentence = NOT_ASCII if has_foreign else AddressInvalid.message
        raise AddressInvalid(sentence, fields={"email": sentence})
    if len(local_part) > LONGEST_LOCAL_PART or len(ascii_domain) > (
        LONGEST_ADDRESS - 1 - len(local_part)
    ):
        raise AddressInvalid(fields={"email": AddressInvalid.message})
    is_plain = domain.isascii() and "xn--" not in ascii_domain
    return cleaned if is_plain else f"{local_part}@{idna.decode(ascii_domain)}"


def smtp_address(address: str) -> str:
    """Return an email address as mail servers get it: its domain in ASCII."""
    local_part, _, domain = address.rpartition("@")
    return address if domain.isascii() else f"{local_part}@{_ascii_domain(domain) or domain}"


def _ascii_domain(domain: str) -> str | None:
    """Return a domain in lowercase ASCII (A-labels); None where it is none."""
    if len(domain) > LONGEST_DOMAIN:
        return None
    try:
        ascii_domain = (
            domain.lower() if domain.isascii() else idna.encode(domain, uts46=True).decode()
        )
        if "xn--" in ascii_domain:
            idna.decode(ascii_domain)
    except UnicodeError:
        return None
    labels = ascii_domain.split(".")
    is_valid = (
        len(labels) > 1
        and len(ascii_domain) <= LONGEST_DOMAIN
        and all(LABEL.match(label) for label in labels)
        and TOP_LEVEL.match(labels[-1])
    )
    return ascii_domain if is_valid else None


def digest_of_address(address: str) -> str:
    """Return the keyed digest by which an email address is unique and looked up (64 hex digits).

    Case does not matter, nor whether an international domain is in Unicode or in ASCII. Accepts any
    text, so that looking up an invalid address takes as long and finds no user.
    """
    return _digest("{}{}{}".format(*_parts_to_compare(address)), settings.EVENTLY_DIGEST_KEY)


def digests_of_address(address: str) -> list[str]:
    """Return the digests under all known keys, the current one first: to look up, not to store."""
    keys = [settings.EVENTLY_DIGEST_KEY, *settings.EVENTLY_DIGEST_KEY_FALLBACKS]
    text = "{}{}{}".format(*_parts_to_compare(address))
    return [_digest(text, key) for key in keys]


def digest_of_mailbox(address: str) -> str:
    """Return the keyed digest of the mailbox that an email address belongs to (64 hex digits).

    For limits: `ana+tickets@example.org` reaches the mailbox of `ana@example.org`, and some
    providers ignore dots. Differs from `digest_of_address` for every address.
    """
    local_part, at, domain = _parts_to_compare(address)
    mailbox = local_part.partition("+")[0] or local_part
    if domain in IGNORING_DOTS:
        mailbox, domain = mailbox.replace(".", ""), IGNORING_DOTS[domain]
    return _digest(f"mailbox:{mailbox}{at}{domain}", settings.EVENTLY_DIGEST_KEY)


def _parts_to_compare(address: str) -> tuple[str, str, str]:
    """Return local part, "@" and domain as compared; for other text, all of it as the last."""
    local_part, at, domain = unicodedata.normalize("NFKC", address).strip().rpartition("@")
    # Before the domain is case-folded, which would make another domain of one with an ß.
    folded = domain.casefold() if domain.isascii() else _ascii_domain(domain) or domain.casefold()
    return local_part.casefold(), at, folded


def _digest(text: str, key: str) -> str:
    return hmac.new(key.encode(), text.encode("utf-8", "surrogatepass"), sha256).hexdigest()
