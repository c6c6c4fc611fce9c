"""Confirmation pages of admin actions: a GET shows what will happen, a POST does it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.admin import ModelAdmin
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from unfold.widgets import UnfoldAdminTextareaWidget

from evently.errors import DomainError, Invalid

# The form value that tells a confirmed POST from the POST of a list action, which asks first.
CONFIRMED = "confirmed"
# The form value with the version of the row that the page describes.
VERSION = "version"
# The form values of a review: whether to notify, and the button that leads back to the form.
NOTIFY, BACK = "_notify", "_back"
CHANGED_MEANWHILE = (
    "Another person changed this while the page was open. It shows the current values now: check "
    "them before you confirm."
)


@dataclass(frozen=True)
class Choice:
    """A button of a review: the value that it sends as `NOTIFY`, and its label."""

    value: str
    label: str


class Unconfirmed(Exception):
    """Saving affects other people, so the organizer is asked first; nothing has been saved."""

    def __init__(self, consequences: Any) -> None:
        self.consequences = consequences
        super().__init__()


class EmptyForm(forms.Form):
    """A confirmation without input."""


class ReasonForm(forms.Form):
    """A reason, which everyone affected will see."""

    reason = forms.CharField(
        label="Reason",
        max_length=500,
        error_messages={"required": "Enter a reason. Everyone affected will see it."},
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
        help_text="Everyone affected will see this reason.",
    )


def confirmation_page(
    model_admin: "ModelAdmin[Any]",
    request: HttpRequest,
    *,
    title: str,
    question: str,
    submit: str,
    act: Callable[..., str],
    back: str,
    form_class: type[forms.Form] = EmptyForm,
    initial: dict[str, Any] | None = None,
    facts: Sequence[tuple[str, str]] = (),
    hidden: Sequence[tuple[str, str]] = (),
    version: int | None = None,
    danger: bool = False,
    context: dict[str, Any] | None = None,
) -> HttpResponse:
    """Show a confirmation page, or carry out the confirmed action and redirect.

    question: what the action does. submit: the label of its button. act: carries it out; called
    with the form's cleaned values, returns the URL to redirect to, may raise a DomainError, which
    is shown on the page. back: the URL of the other button. facts: pairs of label and value.
    hidden: pairs of name and value for further form values, by which an action of a list finds
    its rows again. version: of the row that the page describes; where the page that was confirmed
    showed another one, it is shown again with a sentence that says so. `act` must pass it on to the
    operation, which compares it under the row's lock. danger: whether the button warns. context:
    of the tabs.
    """
    confirmed = request.method == "POST" and CONFIRMED in request.POST
    form = form_class(request.POST if confirmed else None, initial=initial)
    if (
        confirmed
        and version is not None
        and request.POST.get(VERSION, "") not in ("", str(version))
    ):
        form.add_error(None, CHANGED_MEANWHILE)
    elif confirmed and form.is_valid() and (url := _carry_out(act, form)):
        return HttpResponseRedirect(url)
    return TemplateResponse(
        request,
        "admin/confirmation.html",
        {
            **model_admin.admin_site.each_context(request),
            **(context or {}),
            "opts": model_admin.model._meta,
            "title": title,
            "question": question,
            "submit": submit,
            "back": back,
            "form": form,
            "facts": facts,
            "hidden": [*hidden, *([(VERSION, str(version))] if version is not None else [])],
            "danger": danger,
        },
    )


def _carry_out(act: Callable[..., str], form: forms.Form) -> str | None:
    """Return the URL to redirect to, or None where the form has been given errors."""
    try:
        return act(**form.cleaned_data)
    except Invalid as refusal:
        for name, message in refusal.fields.items() or [("", refusal.text)]:
            form.add_error(name if name in form.fields else None, message)
    except DomainError as refusal:
        form.add_error(None, refusal.text)
    return None


def review_page(
    model_admin: "ModelAdmin[Any]",
    request: HttpRequest,
    *,
    title: str,
    question: str,
    differences: Sequence[Any],
    facts: Sequence[tuple[str, str]],
    warnings: Sequence[str],
    choices: Sequence[Choice],
    context: dict[str, Any],
) -> HttpResponse:
    """Show what a submitted form will change and cause, before it is saved.

    The page holds the whole submission, so that a button sends it again: one of the `choices`
    saves it, as `NOTIFY`; the button `BACK` shows the form as it was filled in.
    differences: rows with `name`, `old` and `new`. facts: pairs of label and value. warnings:
    sentences. context: of the tabs.
    """
    submitted = [
        (name, value)
        for name, values in request.POST.lists()
        if name not in (NOTIFY, BACK, "csrfmiddlewaretoken")
        for value in values
    ]
    return TemplateResponse(
        request,
        "admin/confirmation.html",
        {
            **model_admin.admin_site.each_context(request),
            **context,
            "opts": model_admin.model._meta,
            "title": title,
            "question": question,
            "differences": differences,
            "facts": facts,
            "warnings": warnings,
            "hidden": submitted,
            "choices": choices,
            "choice_name": NOTIFY,
            "back_name": BACK,
            "form": EmptyForm(),
        },
    )


def report_success(request: HttpRequest, message: str, url: str) -> str:
    """Add a success message and return the URL, as the `act` of a confirmation page does last."""
    messages.success(request, message)
    return url
