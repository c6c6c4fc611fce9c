"""Confirmation pages: a GET shows what will happen, a POST does it."""

from collections.abc import Callable, Sequence
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.admin import ModelAdmin
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from unfold.widgets import UnfoldAdminTextareaWidget

from evently.errors import DomainError, Invalid

CONFIRMED = "confirmed"


class EmptyForm(forms.Form):
    """A confirmation that asks for nothing more."""


class ReasonForm(forms.Form):
    """A reason that the people concerned are told."""

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
    danger: bool = False,
) -> HttpResponse:
    """Show a confirmation page, or carry out the confirmed action and redirect.

    act: called with the form's values; returns the URL to redirect to. A refusal is shown on the
    same page. facts: label and value pairs. hidden: further form values, with which an action of
    a list finds its rows again.
    """
    confirmed = request.method == "POST" and CONFIRMED in request.POST
    form = form_class(request.POST if confirmed else None, initial=initial)
    if confirmed and form.is_valid():
        try:
            return HttpResponseRedirect(act(**form.cleaned_data))
        except Invalid as refusal:
            for name, sentence in refusal.fields.items() or [("", refusal.text)]:
                form.add_error(name if name in form.fields else None, sentence)
        except DomainError as refusal:
            form.add_error(None, refusal.text)
    return TemplateResponse(
        request,
        "admin/confirmation.html",
        {
            **model_admin.admin_site.each_context(request),
            "opts": model_admin.model._meta,
            "title": title,
            "question": question,
            "submit": submit,
            "back": back,
            "form": form,
            "facts": facts,
            "hidden": hidden,
            "danger": danger,
        },
    )


def report_success(request: HttpRequest, sentence: str, url: str) -> str:
    """Queue a success message, and return the URL to redirect to."""
    messages.success(request, sentence)
    return url
