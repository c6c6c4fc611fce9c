"""Pages in parts: what changes often is rendered apart from the rest, which is kept.

The template of a page shows its parts as `{{ parts.panel }}`. Where the rest is to be kept, it is
rendered once with slots in the place of the parts, and then filled with parts as often as needed.
"""

import re
import secrets
from collections.abc import Mapping

from django.utils.safestring import SafeString

# Unknown to anyone who writes a text that a page shows.
_SECRET = secrets.token_hex(16)
_SLOT = re.compile(rf"\[{_SECRET}:(\w+)\]")


def slot(name: str) -> SafeString:
    """Return what a template shows in the place of a part."""
    return SafeString(f"[{_SECRET}:{name}]")


class Frame:
    """A rendered page with slots."""

    def __init__(self, text: str) -> None:
        # Texts, with the names of the slots between them.
        self._pieces = _SLOT.split(text)
        self.slots = frozenset(self._pieces[1::2])
        self.size = len(text)

    def filled(self, parts: Mapping[str, str]) -> SafeString:
        pieces = list(self._pieces)
        pieces[1::2] = [parts[name] for name in pieces[1::2]]
        return SafeString("".join(pieces))
