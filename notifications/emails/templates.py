"""Email templates: the active one in the database, or the default where that one fails.

A version never changes, so each is compiled once in a process: cut at its placeholders, with the
layout around it and all styles inline.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any
from uuid import UUID

import structlog

from evently.database.prepared import PreparedQuery
from evently.errors import Invalid
from notifications.emails.layout import in_layout, inline_styles, is_page, manage_link, styled
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

SHIPPED = Path(__file__).parents[1] / "shipped"
PREVIEW_LENGTH = 110
# Where something is put below any template, which cannot have this placeholder itself.
FOOTNOTE = "{footnote}"

FAILURES = (Invalid, ValueError, LookupError, RecursionError, EmailTemplate.DoesNotExist)

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Template:
    subject: str
    html: str
    text: str


@dataclass(frozen=True)
class RenderedEmail:
    subject: str
    html: str
    text: str


class TemplateBlank(Invalid):
    code = "template_blank"
    message = "The subject or the text of this email would be empty."


class Compiled:
    """A template, ready to be filled."""

    def __init__(self, template: Template) -> None:
        self._subject = Cut(template.subject)
        self._text = Cut(template.text)
        self._body = Cut(template.html)
        self._is_page = is_page(template.html)
        with_footnote = _with_footnote(template.html)
        self._html = Cut(with_footnote if self._is_page else in_layout(with_footnote))

    def render(self, values: Values, *, footnote: RichValue | None = None) -> RenderedEmail:
        """Fill the template.

        footnote: below the text of any template, also of one that organizers have changed.
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
            "footnote": "",
        }
        if footnote is not None:
            text += f"\n{footnote.text}\n"
            all_values["footnote"] = RichValue("", self._note(footnote), is_styled=True)
        html = self._html.fill(all_values, html_of if self._is_page else styled)
        return RenderedEmail(subject=subject, html=html, text=text)

    def _is_body_blank(self, values: Values) -> bool:
        """Raises PlaceholderUnknown: the layout around the body has more placeholders."""
        self._body.check(values.keys())
        return not self._body.is_never_blank and not self._body.fill(values, html_of).strip()

    def _note(self, footnote: RichValue) -> str:
        note = f'<p class="muted">{footnote.html}</p>\n'
        return note if self._is_page else f"\n{inline_styles(note)}"


def _with_footnote(body: str) -> str:
    """Return the HTML of a template with a place for the footnote at its end."""
    end = body.lower().rfind("</body>")
    return f"{body}{FOOTNOTE}" if end < 0 else f"{body[:end]}{FOOTNOTE}{body[end:]}"


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
    row = EmailTemplate.objects.get(pk=id_)
    return Template(subject=row.subject_template, html=row.html_template, text=row.text_template)


def render(
    template: Template, values: Values, *, footnote: RichValue | None = None
) -> RenderedEmail:
    """Fill a template and put the layout around it. Raises PlaceholderUnknown, TemplateBlank."""
    return compiled(template).render(values, footnote=footnote)


def render_active(
    type_: TemplateType,
    values: Values,
    *,
    footnote: RichValue | None = None,
    versions: Mapping[str, UUID] | None = None,
) -> RenderedEmail:
    """Render the active template; where that fails, log it and render the default.

    versions: the active ones, if they are known.
    """
    active = (active_versions() if versions is None else versions).get(type_.value)
    if active is not None:
        try:
            return render(version(active), values, footnote=footnote)
        except FAILURES as error:
            log.error("template_failed", template_type=type_.value, error=type(error).__name__)
    return render(shipped(type_), values, footnote=footnote)


def preview_of(text: str) -> str:
    """Return the line that email clients show beside the subject: the text after its heading."""
    _, _, rest = text.partition("\n\n")
    line = one_line(rest or text)
    return line if len(line) <= PREVIEW_LENGTH else line[: PREVIEW_LENGTH - 1].rstrip() + "…"
