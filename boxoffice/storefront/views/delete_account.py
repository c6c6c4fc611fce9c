"""The page on which users delete their account."""

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
    """A word to type, so that no account is deleted by accident."""

    word = forms.CharField(
        label=f"Type {WORD} to confirm",
        max_length=20,
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none"}),
    )

    def clean_word(self) -> str:
        word: str = self.cleaned_data["word"]
        if word.strip().lower() != WORD:
            raise forms.ValidationError(f"Type the word {WORD}.")
        return word


@require_get_or_post
@login_required
@never_cache
def delete_account(request: HttpRequest) -> HttpResponse:
    """Show what deleting the account does; a POST with the word deletes it."""
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
    message = {
        "icon": "check",
        "title": "Your account has been deleted",
        "text": "Your upcoming bookings are cancelled. Your name and email address can no longer "
        "be read, not even by us.",
        "url": reverse("home"),
        "link": "Browse events",
    }
    return render(request, "accounts/message.html", message)
