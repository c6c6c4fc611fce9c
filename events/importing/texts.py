"""Names, venues and descriptions, as events keep them; refused where they cannot."""

import html
import re
import unicodedata
from hashlib import sha256

from evently.visible_text import clean_line, is_visible, without_directions
from events.importing.plan import Refused
from events.operations.validation import is_one_line

LONGEST_TEXT = 255
YES = frozenset({"true", "yes", "1", "y", "x", "on", "wahr", "ja", "oui", "vrai"})
TAG = re.compile(r"</?(?:a|b|br|div|em|i|li|ol|p|span|strong|u|ul|h[1-6])\b[^<>]*>", re.IGNORECASE)
BREAK = re.compile(r"<(?:br|/p|/div|/li|/h[1-6])\b[^<>]*>\s*", re.IGNORECASE)
# What Google and Outlook add to descriptions: how those invited join a video call.
CONFERENCES = (
    re.compile(r"-::~:~::~[:~]*-?.*?-::~:~::~[:~]*-?", re.DOTALL),
    re.compile(
        r"_{20,}\s*(?:Microsoft Teams|Join on your computer).*?(?:_{20,}|\Z)",
        re.DOTALL | re.IGNORECASE,
    ),
)


def is_yes(text: str) -> bool:
    return text.strip().casefold() in YES


def one_line(text: str) -> str:
    """Return a text on one line, without double spaces; lines of an address get commas."""
    lines = (" ".join(line.split()) for line in text.splitlines())
    return ", ".join(line.rstrip(",") for line in lines if line)


def plain_text(text: str) -> str:
    """Return a description without HTML, and without how to join a private video call."""
    for pattern in CONFERENCES:
        text = pattern.sub("", text)
    if TAG.search(text):
        text = html.unescape(TAG.sub("", BREAK.sub("\n", text)))
    return text.replace("\r\n", "\n").replace("\r", "\n").strip()


def shown_line(text: str) -> str:
    """Return a line as it may be shown: without characters that reverse what follows."""
    return clean_line(without_directions(text))


def check_name(name: str) -> None:
    name = name if is_visible(name) else ""
    _check(name, "name", empty="no_name", too_long="name_too_long")


def check_place(place: str) -> None:
    if not place:
        raise Refused("no_place", "It has no venue. Choose one for all events without a venue.")
    _check(place, "venue", empty="no_place", too_long="place_too_long")


def check_characters(name: str, place: str, description: str) -> None:
    if not (is_one_line(name) and is_one_line(place)) or "\x00" in description:
        raise Refused("bad_character", "Remove the invisible character.")


def _check(text: str, what: str, *, empty: str, too_long: str) -> None:
    if not text:
        raise Refused(empty, f"It has no {what}.")
    if len(text) > LONGEST_TEXT:
        raise Refused(
            too_long, f"Its {what} has {len(text):,} characters; the limit is {LONGEST_TEXT}."
        )


def key_of(kind: str, *parts: str) -> str:
    """Return a digest that ignores capitalization."""
    folded = (unicodedata.normalize("NFKC", part).casefold() for part in parts)
    return f"{kind}:" + sha256("\x1f".join(folded).encode()).hexdigest()[:32]
