"""Finding people by parts of their name and email address, which are sealed.

The database cannot compare sealed values, so they are opened and compared here: words in any order,
without accents. Opened values stay in memory for a while, for a limited number of people. People
who are erased are no longer found from that moment on, since only people with a key are looked at.
"""

import time
import unicodedata
from collections import OrderedDict
from collections.abc import Iterable
from threading import Lock
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from evently.accounts.models import User
from evently.database.identity import as_worker
from evently.privacy.models import PersonKey

# The most people that a search compares, newest first.
MOST_PEOPLE = 20_000
MOST_REMEMBERED = 50_000
REMEMBERED_SECONDS = 600

# What Unicode does not take apart into a letter and an accent.
SPELLED_OUT = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "ħ": "h", "ı": "i", "æ": "ae", "œ": "oe", "þ": "th"}
)
# Inside of words, as in O'Brien and Anne-Marie.
LEFT_OUT = str.maketrans(dict.fromkeys("'’‘`´ʼ-‐‑"))


def fold(text: str) -> str:
    """Return a text without case and accents, with single blanks: "Zoë ", "ZOE" → "zoe"."""
    apart = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text).casefold())
    plain = "".join(letter for letter in apart if not unicodedata.combining(letter))
    return " ".join(unicodedata.normalize("NFC", plain).translate(SPELLED_OUT).split())


class _Remembered:
    """Folded names and email addresses by user, as of a version of the user's row."""

    def __init__(self) -> None:
        self._texts: OrderedDict[UUID, tuple[int, float, str]] = OrderedDict()
        self._lock = Lock()

    def get(self, user_id: UUID, version: int) -> str | None:
        found = self._texts.get(user_id)
        return found[2] if found and found[0] == version else None

    def put(self, texts: Iterable[tuple[UUID, int, str]]) -> None:
        with self._lock:
            for user_id, version, text in texts:
                self._texts[user_id] = (version, time.monotonic(), text)
                self._texts.move_to_end(user_id)
            while len(self._texts) > MOST_REMEMBERED:
                self._texts.popitem(last=False)

    def forget_old(self) -> None:
        """Drop what was opened too long ago; the oldest are first."""
        oldest = time.monotonic() - REMEMBERED_SECONDS
        with self._lock:
            while self._texts and next(iter(self._texts.values()))[1] < oldest:
                self._texts.popitem(last=False)


_remembered = _Remembered()


@as_worker()
def find_people(people: QuerySet[User], text: str) -> list[UUID]:
    """Return the ids of the people whose name or email address has all words of a text.

    Two queries at most. people: unordered; of very many, the newest are looked at.
    """
    words = [fold(word).translate(LEFT_OUT) for word in text.replace("\x00", "").split()]
    words = [word for word in words if word]
    if not words:
        return []
    _remembered.forget_old()
    known = people.filter(person_key__isnull=False).order_by("-pk")
    versions: dict[UUID, int] = dict(known.values_list("pk", "version")[:MOST_PEOPLE])
    texts = {user_id: _remembered.get(user_id, version) for user_id, version in versions.items()}
    opened = _opened([user_id for user_id, found in texts.items() if found is None])
    _remembered.put((user_id, versions[user_id], found) for user_id, found in opened.items())
    texts |= opened
    return [
        user_id
        for user_id, found in texts.items()
        if found and all(word in found for word in words)
    ]


def _opened(user_ids: list[UUID]) -> dict[UUID, str]:
    """Return the folded names and addresses of people; without building a user for each."""
    if not user_ids:
        return {}
    rows: Any = User.objects.filter(pk__in=user_ids).values_list(
        "pk",
        "sealed_name",
        "sealed_email",
        "person_key__wrapped_key",
        "person_key__wrapping_key_name",
    )
    texts = {}
    for user_id, name, email, wrapped, wrapping_name in rows:
        if wrapped is None:
            continue
        key = PersonKey(user_id=user_id, wrapped_key=wrapped, wrapping_key_name=wrapping_name)
        words = fold(key.open("name", name) or "")
        address = fold(key.open("email", email) or "")
        texts[user_id] = "\n".join(
            [words.translate(LEFT_OUT), address, address.translate(LEFT_OUT)]
        )
    return texts
