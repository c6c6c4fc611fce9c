"""Venues that are no places: links and words such as "Online"."""

import re

# The whole venue: "Zoom" is a service, but "Zoom, Turin" is a place.
WORDS = frozenset(
    {
        "online",
        "online event",
        "online only",
        "virtual",
        "virtual event",
        "webinar",
        "livestream",
        "live stream",
        "zoom",
        "google meet",
        "microsoft teams",
        "jitsi",
    }
)
LINK = re.compile(r"https?://\S+", re.IGNORECASE)


def is_online_venue(venue: str) -> bool:
    """Return whether a venue is nothing but a link, such a word, or both."""
    rest = LINK.sub("", venue).strip(" \t-–—:,;()|")
    return rest.casefold() in WORDS or (not rest and LINK.search(venue) is not None)


def link_of(venue: str) -> str:
    """Return the link in a venue, or ""."""
    found = LINK.search(venue)
    return found[0].rstrip(".,;)") if found else ""
