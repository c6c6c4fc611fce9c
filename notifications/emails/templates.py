"""Email templates: the active one in the database, or the default where that one fails.

A version never changes, so each is compiled once in a process: cut at its placeholders, with the
layout around it and all styles inline.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any
from uuid import UUID

import structlog

from evently.database.prepared import PreparedQuery
from evently.errors import Invalid
from notifications.emails.layout import (
    foot_of_text,
    in_layout,
    inline_styles,
    is_page,
    manage_link,
    styled,
)
from notifications.emails.placeholders import (
    Cut,
    RichValue,
    Value,
    Values,
    html_of,
    one_line,
    text_of,
)
from notifications.models import EmailTemplate, TemplateType
from notifications.template_models import Template

SHIPPED = Path(__file__).parents[1] / "shipped"
PREVIEW_LENGTH = 110
# What is put around any template, which cannot have these placeholders itself: what the organizer
# of an event has written for its emails, and the footnote.
ABOVE, BELOW, FOOTNOTE = "{above}", "{below}", "{footnote}"
# Of a rendered HTML part, in characters: email clients cut off what is longer than about 100 kB.
MOST_RENDERED = 90_000

BODY = re.compile(r"<body\b[^>]*>", re.IGNORECASE)
FAILURES = (Invalid, ValueError, LookupError, RecursionError, EmailTemplate.DoesNotExist)

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class RenderedEmail:
    """An email's parts.

    failure: of the active template, instead of which this is the default; None without one.
    """

    subject: str
    html: str
    text: str
    failure: "TemplateFailure | None" = None


@dataclass(frozen=True)
class TemplateFailure:
    """That a version of a template could not be rendered. code: why, without personal data."""

    version_id: UUID
    code: str


class TemplateBlank(Invalid):
    code = "template_blank"
    message = "The subject or the text of this email would be empty."


class TemplateTooLong(Invalid):
    code = "template_too_long"
    message = "This email would be so long that email clients cut it off."


@dataclass(frozen=True)
class Around:
    """What is put around the text of a template: above it, below it, and at its end."""

    above: RichValue | None = None
    below: RichValue | None = None
    footnote: RichValue | None = None


NOTHING_AROUND = Around()


class Compiled:
    """A template, ready to be filled. Raises TooManyTags, StyleUnreadable when it is made."""

    def __init__(self, template: Template) -> None:
        self._subject = Cut(template.subject)
        self._text = Cut(template.text)
        self._body = Cut(template.html)
        self._is_page = is_page(template.html)
        self._html = Cut(
            _page_with_places(template.html) if self._is_page else in_layout(template.html)
        )

    def render(self, values: Values, around: Around = NOTHING_AROUND) -> RenderedEmail:
        """Fill the template.

        around: what any template gets, also one that organizers have changed.
        Raises PlaceholderUnknown, TemplateBlank.
        """
        subject = one_line(self._subject.fill(values, text_of))
        text = self._text.fill(values, text_of).strip() + "\n"
        if not subject or not text.strip() or self._is_body_blank(values):
            raise TemplateBlank
        all_values: dict[str, Value] = {
            **values,
            "subject": subject,
            "preview": preview_of(text),
            "manage": manage_link(values.get("accountUrl", "")),
            "above": self._block(around.above),
            "below": self._block(around.below),
            "footnote": self._footnote(around.footnote),
        }
        html = self._html.fill(all_values, html_of if self._is_page else styled)
        parts = [
            around.above and f"{around.above.text}\n",
            text,
            around.below and f"{around.below.text}\n",
            around.footnote and f"{around.footnote.text}\n",
            foot_of_text(values),
        ]
        return RenderedEmail(subject, html, "\n".join(part for part in parts if part))

    def _is_body_blank(self, values: Values) -> bool:
        """Raises PlaceholderUnknown: the layout around the body has more placeholders."""
        self._body.check(values.keys())
        return not self._body.is_never_blank and not self._body.fill(values, html_of).strip()

    def _block(self, value: RichValue | None) -> Value:
        if value is None:
            return ""
        html = value.html if value.is_styled or self._is_page else inline_styles(value.html)
        return RichValue("", f"{html}\n", is_styled=True)

    def _footnote(self, footnote: RichValue | None) -> Value:
        if footnote is None:
            return ""
        return self._block(RichValue("", f'\n<p class="muted">{footnote.html}</p>'))


def _page_with_places(page: str) -> str:
    """Return a template that is a page of its own, with places for what is put around it."""
    end = page.lower().rfind("</body>")
    end = len(page) if end < 0 else end
    opened = BODY.search(page)
    start = opened.end() if opened else 0
    return f"{page[:start]}{ABOVE}{page[start:end]}{BELOW}{FOOTNOTE}{page[end:]}"


@lru_cache(maxsize=32)
def compiled(template: Template) -> Compiled:
    return Compiled(template)


@lru_cache(maxsize=len(TemplateType))
def shipped(type_: TemplateType) -> Template:
    """Return the default template, which comes with Evently."""

    def read(ending: str) -> str:
        return (SHIPPED / f"{type_.value}{ending}").read_text(encoding="utf-8")

    return Template(subject=read(".subject.txt").strip(), html=read(".html"), text=read(".txt"))


ACTIVE = PreparedQuery[Any](
    lambda: EmailTemplate.objects.filter(is_active=True).values_list("template_type", "pk")
)


def active_versions() -> dict[str, UUID]:
    """Return the ids of the active versions in the database, by type."""
    return dict(ACTIVE.tuples())


@lru_cache(maxsize=32)
def version(id_: UUID) -> Template:
    """Return one version, which never changes (`trg_template_frozen`)."""
    return EmailTemplate.objects.get(pk=id_).template


def render(template: Template, values: Values, around: Around = NOTHING_AROUND) -> RenderedEmail:
    """Fill a template and put the layout around it.

    Raises PlaceholderUnknown, TemplateBlank, TooManyTags, StyleUnreadable.
    """
    return compiled(template).render(values, around)


def render_bounded(
    template: Template, values: Values, around: Around = NOTHING_AROUND
) -> RenderedEmail:
    """Render a template that people have written.

    Raises PlaceholderUnknown, TemplateBlank, TemplateTooLong, TooManyTags, StyleUnreadable.
    """
    rendered = render(template, values, around)
    if len(rendered.html) > MOST_RENDERED:
        raise TemplateTooLong
    return rendered


def render_active(
    type_: TemplateType,
    values: Values,
    around: Around = NOTHING_AROUND,
    *,
    versions: Mapping[str, UUID] | None = None,
) -> RenderedEmail:
    """Render the active template; where that fails, log it and render the default.

    versions: the active ones, if they are known.
    """
    active = (active_versions() if versions is None else versions).get(type_.value)
    if active is None:
        return render(shipped(type_), values, around)
    try:
        return render_bounded(version(active), values, around)
    except FAILURES as error:
        code = code_of(error)
        log.error("template_failed", template_type=type_.value, error=type(error).__name__)
    rendered = render(shipped(type_), values, around)
    return replace(rendered, failure=TemplateFailure(active, code))


def code_of(error: BaseException) -> str:
    """Return why something could not be rendered: the code of a refusal, without its details."""
    return error.code if isinstance(error, Invalid) else "other"


def preview_of(text: str) -> str:
    """Return the line that email clients show beside the subject: the text after its heading."""
    _, _, rest = text.partition("\n\n")
    line = one_line(rest or text)
    return line if len(line) <= PREVIEW_LENGTH else line[: PREVIEW_LENGTH - 1].rstrip() + "…"
