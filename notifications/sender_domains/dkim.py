"""The public keys with which other servers check the signatures of emails (RFC 6376)."""

import base64
import binascii
from collections.abc import Sequence
from functools import partial

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_der_public_key

from notifications.sender_domains.findings import Finding, Level, Record
from notifications.sender_domains.lookup import Lookup
from notifications.sender_domains.tags import tags_of

DKIM = "DKIM"
# Shorter keys are refused by the large providers; RFC 8301 asks for the latter.
SHORTEST_BITS, GOOD_BITS = 1024, 2048
ED25519_BYTES = 32
KEY_HINT = "THE-PUBLIC-KEY"


def check_dkim(
    lookup: Lookup, domain: str, *, selectors: Sequence[str], are_known: bool
) -> list[Finding]:
    """Return what is wrong with the keys of a domain.

    are_known: whether the selectors are those of the settings, rather than usual ones to try.
    """
    findings, refused = [], 0
    for selector in selectors:
        name = f"{selector}._domainkey.{domain}"
        answer = lookup.texts(name)
        if answer.failure:
            refused += 1
            if are_known or refused == 1:
                text = f"The key {name} could not be looked up: {answer.failure}."
                findings.append(Finding(Level.UNKNOWN, DKIM, domain, text))
            continue
        keys = [text for text in answer.values if _is_key(text)]
        if keys:
            findings.append(_about_key(domain, name, keys, is_known=are_known))
        elif are_known:
            text = (
                f"There is no key at {name}, a selector of EMAIL_DKIM_SELECTORS. Add the one that "
                "your provider or mail server shows."
            )
            findings.append(Finding(Level.PROBLEM, DKIM, domain, text, _to_add(selector, domain)))
    return findings or [_nothing(domain, selectors)]


def _nothing(domain: str, selectors: Sequence[str]) -> Finding:
    text = (
        f"{domain} has a DKIM key at none of the usual selectors ({', '.join(selectors)}). If your "
        "provider uses another, name it in EMAIL_DKIM_SELECTORS: it is s= in the header "
        "DKIM-Signature of an email that has arrived. Otherwise, let the provider or the mail "
        "server sign, and add the record that it shows."
    )
    return Finding(Level.PROBLEM, DKIM, domain, text, _to_add("SELECTOR", domain))


def _to_add(selector: str, domain: str) -> Record:
    return Record(f"{selector}._domainkey.{domain}", "TXT", f"v=DKIM1; k=rsa; p={KEY_HINT}")


def _is_key(text: str) -> bool:
    tags = tags_of(text)
    return "p" in tags and tags.get("v", "DKIM1") == "DKIM1"


def _about_key(domain: str, name: str, keys: Sequence[str], *, is_known: bool) -> Finding:
    finding = partial(Finding, about=DKIM, domain=domain)
    if len(keys) > 1:
        text = f"There are {len(keys)} keys at {name}: keep the one that your provider shows."
        return finding(Level.PROBLEM, text=text)
    tags = tags_of(keys[0])
    if not tags["p"]:
        level = Level.PROBLEM if is_known else Level.ADVICE
        text = f"The key {name} is revoked (p= is empty): emails signed with it are not trusted."
        return finding(level, text=text)
    if "sha256" not in tags.get("h", "sha256") or not {"*", "email"} & set(
        tags.get("s", "*").replace(" ", "").split(":")
    ):
        text = f"The key {name} is not for emails of today (h= or s= in its record)."
        return finding(Level.PROBLEM, text=text)
    problem, words = _strength(tags.get("k", "rsa").lower(), tags["p"])
    if problem:
        return finding(problem, text=f"The key {name} {words}")
    if "y" in tags.get("t", "").split(":"):
        text = f"The key {name} is marked as a test (t=y), so that signatures count for nothing."
        return finding(Level.ADVICE, text=text)
    return finding(Level.FINE, text=f"There is a DKIM key at {name}: {words}.")


def _strength(kind: str, encoded: str) -> tuple[Level | None, str]:
    """Return what is wrong with a public key and why; or None, and what it is."""
    broken = Level.PROBLEM, "cannot be read: copy it from your provider again, without its quotes."
    try:
        content = base64.b64decode("".join(encoded.split()), validate=True)
        if kind == "ed25519":
            return (None, "Ed25519") if len(content) == ED25519_BYTES else broken
        key = load_der_public_key(content)
    except (ValueError, binascii.Error, UnsupportedAlgorithm):
        return broken
    if kind != "rsa" or not isinstance(key, RSAPublicKey):
        return broken
    if key.key_size < SHORTEST_BITS:
        return Level.PROBLEM, (
            f"has {key.key_size} bits, which other servers do not trust: create one of {GOOD_BITS}."
        )
    if key.key_size < GOOD_BITS:
        return Level.ADVICE, f"has {key.key_size} bits: create one of {GOOD_BITS} when you can."
    return None, f"RSA with {key.key_size} bits"
