"""Pages that ask before something is done: GET shows, POST does."""

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


class NothingToSay(forms.Form):
    """A plain yes."""


class ReasonForm(forms.Form):
    """A reason that people are told."""

    reason = forms.CharField(
        label="Reason",
        max_length=500,
        error_messages={"required": "Give a reason. Everybody concerned is told."},
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
        help_text="Everybody concerned is told this sentence.",
    )


def ask(
    model_admin: ModelAdmin,
    request: HttpRequest,
    *,
    title: str,
    question: str,
    submit: str,
    act: Callable[..., str],
    back: str,
    form_class: type[forms.Form] = NothingToSay,
    initial: dict[str, Any] | None = None,
    facts: Sequence[tuple[str, str]] = (),
    hidden: Sequence[tuple[str, str]] = (),
    danger: bool = False,
    context: dict[str, Any] | None = None,
) -> HttpResponse:
    """Ask, then act, and tell what was done; a refusal is told on the same page.

    act: called with the form's values; returns where to go. facts: pairs to show. hidden: what
    else the form sends, so that a list's action finds its rows again.
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
        "admin/ask.html",
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
            **(context or {}),
        },
    )


def told(request: HttpRequest, sentence: str, url: str) -> str:
    """Tell what was done, and return where to go."""
    messages.success(request, sentence)
    return url
