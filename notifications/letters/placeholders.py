"""Fill placeholders: `{userName}` and nothing more. No attributes, no conditions, no code.

Whatever stands in braces like a name is a placeholder; a template with an unknown one is refused
when it is filled, so it never reaches a mail.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from html import escape

from evently.errors import Invalid

PLACEHOLDER = re.compile(r"\{([^{}\s:;]{1,60})\}")


class PlaceholderUnknown(Invalid):
    """A template has a placeholder that nothing can fill."""

    code = "placeholder_unknown"
    message = "There is a placeholder in this template that nothing can fill."


@dataclass(frozen=True)
class Rich:
    """A value with its own HTML, made by us, beside its text."""

    text: str
    html: str


Value = str | Rich
Values = Mapping[str, Value]


def names_in(template: str) -> set[str]:
    """Return the names of the placeholders in a template."""
    return set(PLACEHOLDER.findall(template))


def check(template: str, *, allowed: Collection[str]) -> None:
    """Refuse a template that asks for what is not declared.

    Raises PlaceholderUnknown, which names the first culprit and what is allowed.
    """
    unknown = sorted(names_in(template) - set(allowed))
    if unknown:
        sentence = (
            f"{{{unknown[0]}}} is not known here. You can use: "
            + ", ".join(f"{{{name}}}" for name in sorted(allowed))
            + "."
        )
        raise PlaceholderUnknown(sentence, fields={"template": sentence})


def fill_text(template: str, values: Values) -> str:
    """Return the template as text. Raises PlaceholderUnknown."""
    check(template, allowed=values.keys())
    return PLACEHOLDER.sub(lambda match: _text(values[match[1]]), template)


def fill_html(template: str, values: Values) -> str:
    """Return the template as HTML, every plain value escaped. Raises PlaceholderUnknown."""
    check(template, allowed=values.keys())
    return PLACEHOLDER.sub(lambda match: _html(values[match[1]]), template)


def fill_subject(template: str, values: Values) -> str:
    """Return the template as one line. Raises PlaceholderUnknown."""
    return " ".join(fill_text(template, values).split())


def _text(value: Value) -> str:
    return value.text if isinstance(value, Rich) else value


def _html(value: Value) -> str:
    return value.html if isinstance(value, Rich) else escape(value)
