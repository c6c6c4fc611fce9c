"""Write versions of email templates. A version never changes; the newest one saved is in use."""

from typing import Any

from django.db.models import Max

from evently.errors import EditedMeanwhile, Invalid, NotFound
from evently.transactions import refusing, run_in_transaction
from evently.visible_text import clean_line, has_controls
from notifications.emails.checking import Checked, check_template, try_template
from notifications.emails.samples import sample_content
from notifications.emails.variables import VARIABLES
from notifications.template_models import EmailTemplate, Template, TemplateType

LONGEST_NOTE = 200


class TemplateEditedMeanwhile(EditedMeanwhile):
    """Another version was saved since the one that this was written from. details: `version`."""

    message = (
        "Another person has saved a new version in the meantime. Compare it with yours, then save "
        "again."
    )


class NothingChanged(Invalid):
    code = "nothing_changed"
    message = "This is the same as the version in use, so there is nothing to save."


class VersionNotFound(NotFound):
    message = "There is no such version of this template."


def save_template(
    *, type_: TemplateType, template: Template, note: str = "", based_on: int
) -> tuple[EmailTemplate, Checked]:
    """Save a template as a new version, which is in use from then on.

    based_on: the version in use when the text was written, 0 for none. Raises TemplateInvalid,
    TemplateEditedMeanwhile, NothingChanged.
    """
    checked = check_template(type_, template)
    note = _clean_note(note)
    try_template(checked.template, sample_content(type_).values)
    saved = run_in_transaction(
        lambda: _insert(type_, checked.template, note=note, based_on=based_on)
    )
    return saved, checked


def restore_template(
    *, type_: TemplateType, version: int, based_on: int
) -> tuple[EmailTemplate, Checked]:
    """Bring an older version back, as a new one with its texts.

    Raises VersionNotFound, and what `save_template` raises: what was allowed once may not be now.
    """
    old = EmailTemplate.objects.filter(template_type=type_, version=version).first()
    if old is None:
        raise VersionNotFound
    checked = check_template(type_, old.template)
    try_template(checked.template, sample_content(type_).values)
    saved = run_in_transaction(
        lambda: _insert(type_, checked.template, restored_from=version, based_on=based_on)
    )
    return saved, checked


def _clean_note(note: str) -> str:
    cleaned = clean_line(note)
    if len(cleaned) > LONGEST_NOTE or has_controls(cleaned):
        sentence = f"Enter one line of at most {LONGEST_NOTE} characters."
        raise Invalid(sentence, fields={"note": sentence})
    return cleaned


def _insert(
    type_: TemplateType, template: Template, *, based_on: int, **columns: Any
) -> EmailTemplate:
    versions = EmailTemplate.objects.filter(template_type=type_)
    active = versions.select_for_update().filter(is_active=True).first()
    if (active.version if active is not None else 0) != based_on:
        raise TemplateEditedMeanwhile(version=active.version if active is not None else 0)
    if active is not None and active.template == template:
        raise NothingChanged
    if active is not None:
        # Not whichever is active by now: where none was, that of another person would be lost.
        versions.filter(pk=active.pk).update(is_active=False)
    newest = versions.aggregate(newest=Max("version"))["newest"] or 0
    # Where none was in use, two may be first at once.
    with refusing(
        unq_template_active=TemplateEditedMeanwhile, unq_template_version=TemplateEditedMeanwhile
    ):
        return EmailTemplate.objects.create(
            template_type=type_,
            subject_template=template.subject,
            html_template=template.html,
            text_template=template.text,
            variables=list(VARIABLES[type_]),
            version=newest + 1,
            **columns,
        )
