"""The editor of email templates: texts beside their preview, saved as a new version."""

from html import escape
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.timezone import get_current_timezone
from unfold.widgets import UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from evently.errors import DomainError, EditedMeanwhile
from evently.formatting import moment
from notifications.admin.previews import (
    ANSWER,
    TEST,
    PreviewForm,
    add_refusal,
    frame_of,
    own_of,
    send_test_to_self,
    user_of,
)
from notifications.emails.checking import check_template
from notifications.emails.drafts import Draft
from notifications.emails.template_problems import problem_in_words, problem_of
from notifications.emails.templates import shipped
from notifications.emails.variables import DESCRIPTIONS, REQUIRED, VARIABLES
from notifications.models import EmailTemplate
from notifications.operations.templates import LONGEST_NOTE, save_template
from notifications.template_models import (
    MOST_HTML,
    MOST_SUBJECT,
    MOST_TEXT,
    Template,
    TemplateType,
)

LIST = "admin:notifications_emailtemplate_changelist"
CODE = "font-mono ev-code"


class TemplateForm(forms.Form):
    """The texts of a template. What is valid is checked by the operations."""

    subject = forms.CharField(
        label="Subject",
        widget=UnfoldAdminTextInputWidget(attrs={"class": "ev-placeholders"}),
        help_text=f"One line, at most {MOST_SUBJECT} characters.",
    )
    html = forms.CharField(
        label="HTML",
        strip=False,
        widget=UnfoldAdminTextareaWidget(
            attrs={"rows": 22, "class": f"{CODE} ev-placeholders", "spellcheck": "false"}
        ),
        # Unfold shows help as HTML.
        help_text=escape(
            'Plain elements such as <h1>, <p>, <table class="facts"> and <a class="button">: the '
            f"layout and the styles are added. At most {MOST_HTML:,} characters."
        ),
    )
    text = forms.CharField(
        label="Plain text",
        strip=False,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 16, "class": f"{CODE} ev-placeholders"}),
        help_text=(
            "For email clients that show no HTML. Its second paragraph is shown beside the subject "
            f"in lists of emails. At most {MOST_TEXT:,} characters."
        ),
    )
    note = forms.CharField(
        label="What has changed",
        required=False,
        max_length=LONGEST_NOTE,
        widget=UnfoldAdminTextInputWidget(),
        help_text="A note for others who edit templates. Optional.",
    )
    based_on = forms.IntegerField(min_value=0, widget=forms.HiddenInput)

    @property
    def template(self) -> Template:
        """What was entered, whether or not it is valid."""
        found = {name: str(self.data.get(name, "")) for name in ("subject", "html", "text")}
        # Browsers send two characters for a line break.
        return Template(**{name: text.replace("\r\n", "\n") for name, text in found.items()})


def editor_page(request: HttpRequest, type_: TemplateType, context: dict[str, Any]) -> HttpResponse:
    """Show the version in use in the editor, or another one to begin with; save what was entered.

    context: of the admin's pages.
    """
    active = EmailTemplate.objects.filter(template_type=type_, is_active=True).first()
    if request.method != "POST":
        return _page(request, type_, active, TemplateForm(initial=_initial(active, type_)), context)
    form = TemplateForm(request.POST)
    if request.POST.get(ANSWER) == TEST:
        _send_test(request, type_, form)
        return _page(request, type_, active, form, context)
    if form.is_valid():
        try:
            saved, checked = save_template(
                type_=type_,
                template=form.template,
                note=form.cleaned_data["note"],
                based_on=form.cleaned_data["based_on"],
            )
        except EditedMeanwhile:
            return _meanwhile(request, type_, form, context)
        except DomainError as refusal:
            add_refusal(form, refusal)
        else:
            messages.success(request, f"Saved as version {saved.version}, which is in use now.")
            if checked.removed:
                messages.warning(
                    request, f"Removed, as emails must not have it: {', '.join(checked.removed)}."
                )
            return HttpResponseRedirect(editor_url(type_))
    return _page(request, type_, active, form, context)


def editor_url(type_: str) -> str:
    return reverse("admin:notifications_emailtemplate_editor", args=[type_])


def compare_url(type_: str, *, old: int, new: int) -> str:
    url = reverse("admin:notifications_emailtemplate_compare", args=[type_])
    return f"{url}?old={old}&new={new}"


def draft_frame(request: HttpRequest, type_: TemplateType) -> HttpResponse:
    """Return the frame of what was entered, or of a saved version."""
    if request.method == "POST":
        form = TemplateForm(request.POST)
        return frame_of(request, lambda: _draft(type_, form))
    version = request.GET.get("version", "")
    rows = EmailTemplate.objects.filter(template_type=type_)
    found = rows.filter(version=version) if version.isdecimal() else rows.filter(is_active=True)
    row = found.first()
    template = row.template if row is not None else shipped(type_)
    return frame_of(request, lambda: Draft(type_, template, own_of(request.GET)))


def _draft(type_: TemplateType, form: TemplateForm) -> Draft:
    checked = check_template(type_, form.template)
    return Draft(type_, checked.template, own_of(form.data))


def _send_test(request: HttpRequest, type_: TemplateType, form: TemplateForm) -> None:
    try:
        draft = _draft(type_, form)
    except DomainError as refusal:
        add_refusal(form, refusal)
        messages.error(request, "No test email was sent: correct the fields below first.")
        return
    send_test_to_self(request, draft)


def _initial(active: EmailTemplate | None, type_: TemplateType) -> dict[str, Any]:
    template = active.template if active is not None else shipped(type_)
    return {
        "subject": template.subject,
        "html": template.html,
        "text": template.text,
        "based_on": active.version if active is not None else 0,
    }


def _meanwhile(
    request: HttpRequest, type_: TemplateType, form: TemplateForm, context: dict[str, Any]
) -> HttpResponse:
    """Show what was entered again, on the version that another person saved meanwhile."""
    active = EmailTemplate.objects.filter(template_type=type_, is_active=True).first()
    before = form.cleaned_data["based_on"]
    data = request.POST.copy()
    data["based_on"] = str(active.version if active is not None else 0)
    again = TemplateForm(data)
    again.full_clean()
    meanwhile = None
    if active is not None:
        meanwhile = {
            "version": active.version,
            "saved": moment(active.created_at, get_current_timezone()),
            "compare_url": compare_url(type_, old=before, new=active.version),
        }
    return _page(request, type_, active, again, context | {"meanwhile": meanwhile})


def _page(
    request: HttpRequest,
    type_: TemplateType,
    active: EmailTemplate | None,
    form: TemplateForm,
    context: dict[str, Any],
) -> HttpResponse:
    preview_url = reverse("admin:notifications_emailtemplate_preview", args=[type_])
    return TemplateResponse(
        request,
        "admin/notifications/template_editor.html",
        {
            **context,
            "title": type_.label,
            "subtitle": "Email template",
            "form": form,
            "active": active,
            "problem": problem_in_words(problem_of(active)) if active is not None else "",
            "preview": PreviewForm(
                request.POST if request.method == "POST" else None,
                user=user_of(request),
                type_=type_,
                sample="Sample data",
            ),
            "preview_url": preview_url,
            "list_url": f"{reverse(LIST)}?show=all&template_type__exact={type_}",
            "placeholders": placeholders_of(VARIABLES[type_], required=REQUIRED.get(type_, ())),
        },
        status=409 if context.get("meanwhile") else 200,
    )


def placeholders_of(names: Any, *, required: Any = ()) -> list[dict[str, Any]]:
    """Return placeholders with what they stand for, as the editor lists them."""
    return [
        {
            "name": name,
            "code": f"{{{name}}}",
            "description": DESCRIPTIONS.get(name, ("", ""))[0],
            "required": name in required,
        }
        for name in names
    ]
