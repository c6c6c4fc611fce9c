"""Check email templates before they are saved: placeholders, links, sizes, and HTML.

What is refused here would be sent to people: a placeholder that stays unfilled, a link that leads
nowhere or runs something. Refusals say what is wrong and what to write instead, by field.
"""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urlsplit

from evently.errors import Invalid
from evently.privacy.addresses import AddressInvalid, clean_address
from evently.visible_text import has_controls, is_visible
from notifications.emails.placeholders import Value
from notifications.emails.sanitizing import clean_html, removed_from
from notifications.emails.templates import render_bounded
from notifications.emails.text_links import placeholder_in_link
from notifications.emails.variables import REQUIRED, VARIABLES, is_link
from notifications.template_models import MOST_HTML, MOST_SUBJECT, MOST_TEXT, Template, TemplateType

MOST_PLACEHOLDERS = 200
MOST_ELEMENTS = 1_500
DEEPEST = 50
# Whatever stands in braces on one line is meant as a placeholder.
BRACES = re.compile(r"\{([^{}\r\n]{0,200})\}")
SITE_LINK = re.compile(r"\{siteUrl\}/[^\s{}<>\"']*\Z")
# In which people only read a placeholder.
READ_ATTRIBUTES = frozenset({"alt", "title"})
VOID = frozenset({"br", "hr", "img"})
SUBJECT, HTML, TEXT = "subject", "html", "text"


class TemplateInvalid(Invalid):
    """fields: sentences by `subject`, `html` and `text`."""

    code = "template_invalid"
    message = "This template has errors, so it was not saved."


@dataclass(frozen=True)
class Checked:
    """A template that may be saved. removed: what its HTML had that emails must not have."""

    template: Template
    removed: list[str] = field(default_factory=list)


def check_template(type_: TemplateType, template: Template) -> Checked:
    """Return a template with its HTML cleaned. Raises TemplateInvalid."""
    problems: dict[str, str] = {}
    allowed = VARIABLES[type_]
    sizes = ((SUBJECT, MOST_SUBJECT), (HTML, MOST_HTML), (TEXT, MOST_TEXT))
    given = {SUBJECT: template.subject.strip(), HTML: template.html, TEXT: template.text}
    for name, most in sizes:
        if problem := _problem_of(given[name], most=most, allowed=allowed):
            problems[name] = problem
    if SUBJECT not in problems and has_controls(given[SUBJECT]):
        problems[SUBJECT] = "Enter a single line without invisible characters."
    if TEXT not in problems and (problem := _problem_of_links(given[TEXT])):
        problems[TEXT] = problem
    cleaned, removed = "", list[str]()
    if HTML not in problems:
        cleaned, removed, problem = _checked_html(given[HTML], allowed)
        if problem:
            problems[HTML] = problem
    for name, text in ((HTML, cleaned), (TEXT, given[TEXT])):
        missing = [each for each in REQUIRED.get(type_, ()) if f"{{{each}}}" not in text]
        if missing and name not in problems:
            problems[name] = f"Add {in_braces(missing)}: without it, this email is of no use."
    if problems:
        raise TemplateInvalid(fields=problems)
    return Checked(Template(given[SUBJECT], cleaned, given[TEXT]), removed)


def check_own_text(text: str, *, most: int, allowed: Collection[str]) -> str:
    """Return what is wrong with a text of an organizer for the emails of an event, or ""."""
    if not text:
        return ""
    return _problem_of(text, most=most, allowed=allowed) or _problem_of_links(text)


def _problem_of_links(text: str) -> str:
    """Return what is wrong with the links in a plain text, or ""."""
    if name := placeholder_in_link(text, is_link=is_link):
        return (
            f"{{{name}}} cannot be a part of a link: put a space before and after it. A "
            "placeholder that is a link stands alone."
        )
    return ""


def try_template(template: Template, values: dict[str, Value]) -> None:
    """Fill a template once. Raises TemplateInvalid, with why it could not be sent."""
    try:
        render_bounded(template, values)
    except Invalid as refusal:
        raise TemplateInvalid(refusal.text, fields={HTML: refusal.text}) from refusal


def in_braces(names: Collection[str]) -> str:
    return ", ".join(f"{{{name}}}" for name in names)


def _problem_of(text: str, *, most: int, allowed: Collection[str]) -> str:
    """Return what is wrong with any part of a template, or ""."""
    if len(text) > most:
        return f"This has {len(text):,} characters; at most {most:,} are possible."
    if not is_visible(text):
        return "Enter a text."
    if "\x00" in text:
        return "Remove the invisible character (a null byte)."
    found = BRACES.findall(text)
    unknown = list(dict.fromkeys(name for name in found if name not in allowed))
    if unknown:
        which = in_braces(unknown[:5])
        verb = "is not a placeholder" if len(unknown) == 1 else "are not placeholders"
        return f"{which} {verb} of this email. You can use: {in_braces(allowed)}."
    if len(found) > MOST_PLACEHOLDERS:
        return f"Use at most {MOST_PLACEHOLDERS} placeholders; this has {len(found):,}."
    return ""


# ── HTML ────────────────────────────────────────────────────────────────────
def _checked_html(html: str, allowed: Collection[str]) -> tuple[str, list[str], str]:
    """Return the cleaned HTML, what that removed, and what is wrong with it, or ""."""
    elements = _Elements.of(html)
    if elements.number > MOST_ELEMENTS:
        return "", [], f"Use at most {MOST_ELEMENTS:,} HTML elements; this has {elements.number:,}."
    if elements.deepest > DEEPEST:
        return "", [], f"The HTML elements are nested more than {DEEPEST} deep. Close those before."
    cleaned = clean_html(html)
    links = [name for name in allowed if is_link(name)]
    # What nothing is removed from, and what is left: two parsers see the links.
    for each in (elements, _Elements.of(cleaned)):
        if problem := next(each.problems(links), ""):
            return "", [], problem
    if len(cleaned) > MOST_HTML:
        return (
            "",
            [],
            f"This HTML becomes longer than {MOST_HTML:,} characters: close its elements.",
        )
    return cleaned, removed_from(html), ""


class _Elements(HTMLParser):
    """Counts elements, and keeps attributes that are to be checked."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.number = self.deepest = 0
        self._depth = 0
        self._attributes: list[tuple[str, str, str]] = []

    @classmethod
    def of(cls, html: str) -> "_Elements":
        elements = cls()
        elements.feed(html)
        elements.close()
        return elements

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.number += 1
        if tag not in VOID:
            self._depth += 1
            self.deepest = max(self.deepest, self._depth)
        self._attributes += [(tag, name, value or "") for name, value in attrs]

    def handle_endtag(self, tag: str) -> None:
        self._depth = max(self._depth - 1, 0)

    def problems(self, links: Collection[str]) -> Iterator[str]:
        """Yield what is wrong with links and other attributes."""
        for tag, name, value in self._attributes:
            if (tag, name) == ("a", "href"):
                if not _is_good_link(value, links):
                    yield _bad_link(value, links)
            elif (tag, name) == ("img", "src"):
                if not _is_web_link(value):
                    yield f"The image “{_short(value)}” has to have an address with https://."
            elif name not in READ_ATTRIBUTES and BRACES.search(value) and name != "style":
                yield f"A placeholder cannot stand in the attribute “{_short(name)}”."
            elif name == "style" and ("{" in value or "\\" in value):
                yield "Styles of elements cannot have braces or backslashes."


def _is_good_link(value: str, links: Collection[str]) -> bool:
    link = value.strip()
    if link in {f"{{{name}}}" for name in links}:
        return True
    if link.startswith("mailto:"):
        return _is_address(link.removeprefix("mailto:").partition("?")[0])
    return bool(SITE_LINK.match(link)) or _is_web_link(link)


def _is_web_link(link: str) -> bool:
    if not link.startswith("https://") or re.search(r"[\s{}<>\"'\\]", link) or has_controls(link):
        return False
    try:
        host = urlsplit(link).hostname or ""
    except ValueError:
        return False
    return "." in host.strip(".")


def _is_address(text: str) -> bool:
    try:
        clean_address(text)
    except AddressInvalid:
        return False
    return True


def _bad_link(value: str, links: Collection[str]) -> str:
    return (
        f"The link “{_short(value)}” cannot be used. Links begin with https:// or mailto:, or are "
        f"one of {in_braces(links)}."
    )


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 60 else f"{line[:59]}…"
