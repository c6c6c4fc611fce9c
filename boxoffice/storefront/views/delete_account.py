"""Leaving Evently: what lies ahead is given back, and the person goes dark."""

from django import forms
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache

from boxoffice.lifecycle import operations
from evently.errors import DomainError
from evently.pages import (
    add_refusal,
    current_user,
    render_refusal,
    require_get_or_post,
)

WORD = "delete"
TEMPLATE = "accounts/delete_account.html"


class DeleteAccountForm(forms.Form):
    """One word, typed, so that nobody leaves by a slip."""

    word = forms.CharField(
        label=f"Type {WORD} to go on",
        max_length=20,
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none"}),
    )

    def clean_word(self) -> str:
        """Refuse any other word."""
        word: str = self.cleaned_data["word"]
        if word.strip().lower() != WORD:
            raise forms.ValidationError(f"Please type the word {WORD}.")
        return word


@require_get_or_post
@login_required
@never_cache
def delete_account(request: HttpRequest) -> HttpResponse:
    """Ask whether to erase the reader's account; a POST with the word does it."""
    form = DeleteAccountForm(request.POST or None)
    context = {"form": form}
    if request.method != "POST":
        return render(request, TEMPLATE, context)
    if not form.is_valid():
        return render_refusal(request, TEMPLATE, context)
    try:
        operations.erase_person(user_id=current_user(request).pk)
    except DomainError as refusal:
        add_refusal(form, refusal)
        return render_refusal(request, TEMPLATE, context, refusal)
    logout(request)
    said = {
        "icon": "check",
        "title": "You are gone from here",
        "text": "What lay ahead of you is cancelled, and your name and address cannot be read "
        "any more, by us either. All the best.",
        "url": reverse("home"),
        "link": "To the events",
    }
    return render(request, "accounts/message.html", said)
