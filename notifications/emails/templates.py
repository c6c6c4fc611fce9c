"""Email templates: the active one in the database, or the default where that one fails."""

from dataclasses import dataclass
from pathlib import Path

import structlog

from evently.errors import Invalid
from notifications.emails.layout import wrap_in_layout
from notifications.emails.placeholders import (
    RichValue,
    Values,
    fill_html,
    fill_subject,
    fill_text,
)
from notifications.models import EmailTemplate, TemplateType

SHIPPED = Path(__file__).parents[1] / "shipped"
PREVIEW_LENGTH = 110

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


def shipped(type_: TemplateType) -> Template:
    """Return the default template, which comes with Evently."""

    def read(ending: str) -> str:
        return (SHIPPED / f"{type_.value}{ending}").read_text(encoding="utf-8")

    return Template(subject=read(".subject.txt").strip(), html=read(".html"), text=read(".txt"))


def active(type_: TemplateType) -> Template | None:
    """Return the active version in the database, if there is one."""
    row = EmailTemplate.objects.filter(template_type=type_, is_active=True).first()
    if row is None:
        return None
    return Template(subject=row.subject_template, html=row.html_template, text=row.text_template)


def render(
    template: Template, values: Values, *, footnote: RichValue | None = None
) -> RenderedEmail:
    """Fill a template and put the layout around it.

    footnote: below the text of any template, also of one that organizers have changed.
    Raises PlaceholderUnknown, TemplateBlank.
    """
    subject = fill_subject(template.subject, values)
    text = fill_text(template.text, values).strip() + "\n"
    body = fill_html(template.html, values)
    if not subject or not text.strip() or not body.strip():
        raise TemplateBlank
    preview = preview_of(text)
    if footnote is not None:
        text += f"\n{footnote.text}\n"
        body = _with_footnote(body, footnote)
    html = wrap_in_layout(body, subject=subject, preview=preview, values=values)
    return RenderedEmail(subject=subject, html=html, text=text)


def _with_footnote(body: str, footnote: RichValue) -> str:
    """Return the HTML of an email with a footnote at its end, also where it is a whole page."""
    note = f'<p class="muted">{footnote.html}</p>\n'
    end = body.lower().rfind("</body>")
    return f"{body}\n{note}" if end < 0 else f"{body[:end]}{note}{body[end:]}"


def render_active(
    type_: TemplateType, values: Values, *, footnote: RichValue | None = None
) -> RenderedEmail:
    """Render the active template; where that fails, log it and render the default."""
    template = active(type_)
    if template is not None:
        try:
            return render(template, values, footnote=footnote)
        except (Invalid, ValueError, LookupError, RecursionError) as error:
            log.error("template_failed", template_type=type_.value, error=type(error).__name__)
    return render(shipped(type_), values, footnote=footnote)


def preview_of(text: str) -> str:
    """Return the line that email clients show beside the subject: the text after its heading."""
    _, _, rest = text.partition("\n\n")
    line = " ".join((rest or text).split())
    return line if len(line) <= PREVIEW_LENGTH else line[: PREVIEW_LENGTH - 1].rstrip() + "…"
