"""Templates: the active one from the database, or the shipped one where that cannot be used."""

from dataclasses import dataclass
from pathlib import Path

import structlog

from evently.errors import Invalid
from notifications.letters.layout import framed
from notifications.letters.placeholders import Values, fill_html, fill_subject, fill_text
from notifications.models import EmailTemplate, TemplateType

SHIPPED = Path(__file__).parents[1] / "shipped"
PREVIEW_LENGTH = 110

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Template:
    """What a mail is filled from."""

    subject: str
    html: str
    text: str


@dataclass(frozen=True)
class Rendered:
    """A mail's words."""

    subject: str
    html: str
    text: str


class TemplateBlank(Invalid):
    """A template came out empty."""

    code = "template_blank"
    message = "The subject or the text of this template comes out empty."


def shipped(type_: TemplateType) -> Template:
    """Return the template that comes with Evently."""

    def read(ending: str) -> str:
        return (SHIPPED / f"{type_.value}{ending}").read_text(encoding="utf-8")

    return Template(subject=read(".subject.txt").strip(), html=read(".html"), text=read(".txt"))


def active(type_: TemplateType) -> Template | None:
    """Return the template that organizers have chosen, if there is one."""
    row = EmailTemplate.objects.filter(template_type=type_, is_active=True).first()
    if row is None:
        return None
    return Template(subject=row.subject_template, html=row.html_template, text=row.text_template)


def render(template: Template, values: Values) -> Rendered:
    """Fill a template.

    Raises PlaceholderUnknown, TemplateBlank.
    """
    subject = fill_subject(template.subject, values)
    text = fill_text(template.text, values).strip() + "\n"
    body = fill_html(template.html, values)
    if not subject or not text.strip() or not body.strip():
        raise TemplateBlank
    html = framed(body, subject=subject, preview=preview_of(text), values=values)
    return Rendered(subject=subject, html=html, text=text)


def render_active(type_: TemplateType, values: Values) -> Rendered:
    """Fill the active template; where that fails, the shipped one, and say so in the log."""
    chosen = active(type_)
    if chosen is not None:
        try:
            return render(chosen, values)
        except (Invalid, ValueError, LookupError, RecursionError) as error:
            log.error("template_failed", template_type=type_.value, error=type(error).__name__)
    return render(shipped(type_), values)


def preview_of(text: str) -> str:
    """Return the line that mail programs show beside the subject: the text after its heading."""
    _, _, rest = text.partition("\n\n")
    line = " ".join((rest or text).split())
    return line if len(line) <= PREVIEW_LENGTH else line[: PREVIEW_LENGTH - 1].rstrip() + "…"
