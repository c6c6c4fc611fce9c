"""Names of people: what they type about themselves, and others read.

A name goes into emails, also to unconfirmed addresses. So it must not be an
advertisement: no web address, nor anything that email clients turn into a link. Names as people
have them stay: initials, titles, apostrophes, any script, combining marks, emoji.
"""

import re
import unicodedata
from functools import cache

from publicsuffixlist import PublicSuffixList

from evently.errors import Invalid
from evently.visible_text import clean_line, has_controls, is_visible

LONGEST_NAME = 255
URL = re.compile(r"://|\bwww\.|\b(?:https?|ftp|mailto|tel):", re.IGNORECASE)
DOTTED = re.compile(r"[\w-]+(?:\.[\w-]+)+/?")
# Written for a dot so that filters do not see it.
DOTS = re.compile("[。．｡․]|[\\[({]\\.[\\])}]")
ADDRESS_PARTS = 4
# Reserved, or of local networks; not in the list of public suffixes.
OTHER_DOMAINS = frozenset(
    {"example", "home", "internal", "invalid", "lan", "local", "localhost", "onion", "test"}
)
# Not used as surnames.
PLAIN_DOMAINS = frozenset({"biz", "com", "example", "info", "net", "org"})
TITLES = frozenset(
    {"capt", "chr", "col", "dipl", "dott", "dr", "fr", "gen", "herr", "hon", "hr", "ing", "jr"}
    | {"lt", "mag", "mr", "mrs", "ms", "prof", "rev", "sgt", "sig", "sr", "sra", "st"}
)
# Written without a blank behind a title: Dr.med. Weber.
DEGREES = frozenset({"ing", "med"})


class NameInvalid(Invalid):
    code = "name_invalid"
    message = "Please enter a name of 1 to 255 characters."


NAME_UNSEEN = "Please enter a name with at least one visible character."
NAME_CONTROLS = (
    "This name has invisible characters that change how other text is shown. Please type it again."
)
NAME_ADVERTISES = (
    "Please enter a name without web or email addresses. "
    "If it has a dot, put a space after it, as in Dr. No."
)


def clean_name(name: str) -> str:
    """Return a person's name, normalized.

    Raises NameInvalid: without a visible character, with control characters or direction overrides,
    with a web address, or too long.
    """
    cleaned = clean_line(name)
    if has_controls(cleaned):
        raise _refused(NAME_CONTROLS)
    if not is_visible(cleaned):
        raise _refused(NAME_UNSEEN if name.strip() else NameInvalid.message)
    if len(cleaned) > LONGEST_NAME:
        raise _refused(NameInvalid.message)
    if has_web_address(cleaned):
        raise _refused(NAME_ADVERTISES)
    return cleaned


def has_web_address(text: str) -> bool:
    """Return whether a text has something that email clients turn into a link."""
    plain = "".join(
        character
        for character in unicodedata.normalize("NFKC", text)
        if unicodedata.category(character) != "Cf"
    )
    plain = DOTS.sub(".", plain)
    return bool(URL.search(plain)) or any(map(_is_domain, DOTTED.findall(plain)))


def _is_domain(dotted: str) -> bool:
    """Return whether words joined by dots are a domain or an IP address; a slash may follow."""
    words = dotted.rstrip("/").split(".")
    *_, before, last = words
    domain = last.lower()
    if len(words) == ADDRESS_PARTS and all(word.isdecimal() for word in words):
        return True
    if any(word.lower().startswith("xn--") for word in words):
        return True
    if domain not in OTHER_DOMAINS and not _public_suffixes().publicsuffix(f"x.{domain}"):
        return False
    is_initial = len(before) == 1 or before.lower() in TITLES
    is_written_as_name = last.istitle() or (before.lower() in TITLES and domain in DEGREES)
    is_name = is_initial and is_written_as_name and domain not in PLAIN_DOMAINS
    return not is_name or dotted.endswith("/")


@cache
def _public_suffixes() -> PublicSuffixList:
    """Return the list of top-level domains and the like; cached, as reading it takes a while."""
    return PublicSuffixList(accept_unknown=False)


def _refused(sentence: str) -> NameInvalid:
    return NameInvalid(sentence, fields={"name": sentence})
