"""A rule for new passwords: not just words that any user of this site would think of."""

import re
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError

from evently.environment import host_of

# Besides the words of the site's name and address. docs/security.md lists them.
WORDS = (
    "evently",
    "event",
    "ticket",
    "booking",
    "waitlist",
    "organizer",
    "organiser",
    "attendee",
    "admin",
    "password",
    "welcome",
    "login",
)
# How many letters a password must have besides such words.
FEWEST_LETTERS = 4
_LETTERS = re.compile(r"[^\W\d_]+")


def words_of_site() -> tuple[str, ...]:
    """Return the words that a password must not consist of, the longest first."""
    named = _LETTERS.findall(f"{settings.SITE_NAME} {host_of(settings.PUBLIC_URL)}".casefold())
    found = {*WORDS, *(word for word in named if len(word) >= FEWEST_LETTERS)}
    return tuple(sorted(found, key=lambda word: (-len(word), word)))


class SiteWordsValidator:
    """Refuses passwords of which little is left without digits, signs and words of the site."""

    def validate(self, password: str, user: Any = None) -> None:
        """Raise ValidationError for a password such as "Evently-Tickets-2026"."""
        # A password without letters is judged by other rules, as is one without these words.
        rest = letters = "".join(_LETTERS.findall(password.casefold()))
        for word in words_of_site():
            rest = rest.replace(word, "")
        if rest != letters and len(rest) < FEWEST_LETTERS:
            raise ValidationError(
                "This password consists of words of this site, which are easy to guess.",
                code="password_of_site_words",
            )

    def get_help_text(self) -> str:
        return "Your password can’t consist of words of this site."
