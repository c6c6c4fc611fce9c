"""Fill placeholders: `{userName}` and nothing more. No attributes, no conditions, no code.

Every name in braces is a placeholder. A template with an unknown one is refused when it is filled,
so it is never sent. A template is cut at its placeholders once, and filled often.
"""

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from html import escape

from evently.errors import Invalid

PLACEHOLDER = re.compile(r"\{([^{}\s:;]{1,60})\}")


class PlaceholderUnknown(Invalid):
    code = "placeholder_unknown"
    message = "This template has an unknown placeholder."


@dataclass(frozen=True)
class RichValue:
    """A value that brings its own HTML: who makes one escapes what users have typed.

    is_styled: it has its inline styles already (`layout.inline_styles`).
    """

    text: str
    html: str
    is_styled: bool = False

    def __str__(self) -> str:
        return self.text


Value = str | RichValue
Values = Mapping[str, Value]


class Cut:
    """A template, cut at its placeholders."""

    def __init__(self, template: str) -> None:
        # Texts and names in turn, as re.split returns them.
        self._parts = PLACEHOLDER.split(template)
        self.names = frozenset(self._parts[1::2])
        self.is_never_blank = any(text.strip() for text in self._parts[::2])

    def fill(self, values: Values, as_text: Callable[[Value], str]) -> str:
        """Return the template with its placeholders filled. Raises PlaceholderUnknown.

        One that has nothing to say and stands on a line of its own leaves no blank line.
        """
        self.check(values.keys())
        parts = self._parts.copy()
        parts[1::2] = [as_text(values[name]) for name in parts[1::2]]
        for at in range(1, len(parts), 2):
            if not parts[at] and parts[at - 1].endswith("\n"):
                parts[at + 1] = parts[at + 1].lstrip("\n")
        return "".join(parts)

    def check(self, allowed: Collection[str]) -> None:
        """Refuse a placeholder that is not allowed.

        Raises PlaceholderUnknown, which names the first unknown placeholder and all allowed ones.
        """
        unknown = sorted(self.names.difference(allowed))
        if unknown:
            sentence = (
                f"{{{unknown[0]}}} is not a placeholder of this template. You can use: "
                + ", ".join(f"{{{name}}}" for name in sorted(allowed))
                + "."
            )
            raise PlaceholderUnknown(sentence, fields={"template": sentence})


def check(template: str, *, allowed: Collection[str]) -> None:
    """Refuse a template with a placeholder that is not allowed. Raises PlaceholderUnknown."""
    Cut(template).check(allowed)


def fill_text(template: str, values: Values) -> str:
    """Fill a template of plain text. Raises PlaceholderUnknown."""
    return Cut(template).fill(values, text_of)


def fill_html(template: str, values: Values) -> str:
    """Fill a template of HTML, every plain value escaped. Raises PlaceholderUnknown."""
    return Cut(template).fill(values, html_of)


def fill_subject(template: str, values: Values) -> str:
    """Fill a template of text and return it as one line. Raises PlaceholderUnknown."""
    return one_line(fill_text(template, values))


def one_line(text: str) -> str:
    return " ".join(text.split())


def text_of(value: Value) -> str:
    return value.text if isinstance(value, RichValue) else value


def html_of(value: Value) -> str:
    return value.html if isinstance(value, RichValue) else escape(value)
