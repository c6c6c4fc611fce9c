"""Keep placeholders out of the links that people write in plain texts.

`https://elsewhere.example/?t={ticketUrl}` would take the attendee's own link, which works without
logging in, to another site with one click; `{siteUrl}@elsewhere.example` would only look like this
one.
"""

import re
from collections.abc import Callable

from notifications.emails.placeholders import PLACEHOLDER

# Beside which a link still stands alone.
OPENING, CLOSING = "([<\"'“”‘’«»„‚*_", ")]>\"'“”‘’«».,;:!?…*_"
# What makes a link of a word, with or without its scheme.
LINK = re.compile(r"[a-z]:/|www\.|mailto:|\w\.[a-z]{2,}[/?#:]", re.IGNORECASE)
OF_SITE = re.compile(r"\{siteUrl\}/[^\s{}@]*")


def placeholder_in_link(text: str, *, is_link: Callable[[str], bool]) -> str:
    """Return the first placeholder that is a part of a link in a text; "" for none.

    is_link: whether a placeholder of this name is a link by itself, which has to stand alone.
    """
    for word in text.split():
        names: list[str] = PLACEHOLDER.findall(word)
        links = [name for name in names if is_link(name)]
        if links and not _stands_alone(word, links[0]):
            return links[0]
        if names and not links and LINK.search(PLACEHOLDER.sub("", word)):
            return names[0]
    return ""


def _stands_alone(word: str, name: str) -> bool:
    bare = word.lstrip(OPENING).rstrip(CLOSING)
    return bare == f"{{{name}}}" or bool(OF_SITE.fullmatch(bare))
