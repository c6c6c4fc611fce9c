"""What keeps a template from being rendered: as it was met, or as it would be met."""

from notifications.emails.event_texts import allowed_in
from notifications.emails.layout import StyleUnreadable, TooManyTags
from notifications.emails.placeholders import PlaceholderUnknown, check
from notifications.emails.samples import sample_content
from notifications.emails.templates import (
    FAILURES,
    TemplateBlank,
    TemplateTooLong,
    code_of,
    render_bounded,
)
from notifications.event_email_models import EventEmail
from notifications.models import EmailTemplate
from notifications.template_models import TemplateType

SENTENCES = {
    PlaceholderUnknown.code: "it has a placeholder that this email does not have",
    TemplateBlank.code: "its subject or its text would be empty",
    TemplateTooLong.code: "it would be so long that email clients cut it off",
    TooManyTags.code: "it has too many HTML elements",
    StyleUnreadable.code: "a style attribute in it cannot be read",
}


def problem_of(row: EmailTemplate) -> str:
    """Return the code of why a version cannot be rendered, or could not be once; "" without."""
    if row.failure:
        return row.failure
    try:
        render_bounded(row.template, sample_content(TemplateType(row.template_type)).values)
    except FAILURES as error:
        return code_of(error)
    return ""


def problem_of_texts(row: EventEmail) -> str:
    """Return the code of why an organizer's texts cannot be filled, or could not be once; or ""."""
    if row.failure:
        return row.failure
    type_ = TemplateType(row.template_type) if row.template_type else None
    try:
        for text in (row.above, row.below):
            check(text, allowed=allowed_in(type_))
    except FAILURES as error:
        return code_of(error)
    return ""


def problem_in_words(code: str) -> str:
    """Return a reason as the middle of a sentence; "" for none."""
    return SENTENCES.get(code, "it could not be filled") if code else ""
