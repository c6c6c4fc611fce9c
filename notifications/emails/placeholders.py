"""Fill placeholders: `{userName}` and nothing more. No attributes, no conditions, no code.

Every name in braces is a placeholder. A template with an unknown one is refused when it is filled,
so it is never sent.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from html import escape

from evently.errors import Invalid

PLACEHOLDER = re.compile(r"\{([^{}\s:;]{1,60})\}")


class PlaceholderUnknown(Invalid):
    code = "placeholder_unknown"
    message = "This template has an unknown placeholder."


@dataclass(frozen=True)
class RichValue:
    """A value that brings its own HTML: who makes one escapes what users have typed."""

    text: str
    html: str

    def __str__(self) -> str:
        return self.text


Value = str | RichValue
Values = Mapping[str, Value]


def names_in(template: str) -> set[str]:
    return set(PLACEHOLDER.findall(template))


def check(template: str, *, allowed: Collection[str]) -> None:
    """Refuse a template with a placeholder that is not allowed.

    Raises PlaceholderUnknown, which names the first unknown placeholder and all allowed ones.
    """
    unknown = sorted(names_in(template) - set(allowed))
    if unknown:
        sentence = (
            f"{{{unknown[0]}}} is not a placeholder of this template. You can use: "
            + ", ".join(f"{{{name}}}" for name in sorted(allowed))
            + "."
        )
        raise PlaceholderUnknown(sentence, fields={"template": sentence})


def fill_text(template: str, values: Values) -> str:
    """Fill a template of plain text. Raises PlaceholderUnknown."""
    check(template, allowed=values.keys())
    return PLACEHOLDER.sub(lambda match: _text(values[match[1]]), template)


def fill_html(template: str, values: Values) -> str:
    """Fill a template of HTML, every plain value escaped. Raises PlaceholderUnknown."""
    check(template, allowed=values.keys())
    return PLACEHOLDER.sub(lambda match: _html(values[match[1]]), template)


def fill_subject(template: str, values: Values) -> str:
    """Fill a template of text and return it as one line. Raises PlaceholderUnknown."""
    return " ".join(fill_text(template, values).split())


def _text(value: Value) -> str:
    return value.text if isinstance(value, RichValue) else value


def _html(value: Value) -> str:
    return value.html if isinstance(value, RichValue) else escape(value)
