"""Changing the email address of an account: the pages behind the links in the emails about it."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from evently.accounts import operations
from evently.accounts.links import password_reset_token
from evently.accounts.models import EmailChange
from evently.pages import require_get_or_post, secret_link_page


@require_get_or_post
@secret_link_page
def confirm_email_change(request: HttpRequest, token: str) -> HttpResponse:
    """Change the address by the link to the new one: a GET asks, a POST changes it."""
    change = operations.change_to_confirm(token=token)
    if request.method == "POST":
        operations.confirm_email_change(token=token)
        message = {
            "icon": "check",
            "title": "Your email address has been changed",
            "text": "Emails go to this address from now on, and you log in with it.",
            "url": reverse("account"),
            "link": "Go to my account",
        }
        return render(request, "accounts/message.html", message)
    message = {
        "title": "Use this email address?",
        "text": f"Your account gets the email address {_opened(change, change.new_email)}.",
        "action": request.path,
        "confirm": "Use this address",
    }
    return render(request, "accounts/message.html", message)


@require_get_or_post
@secret_link_page
def undo_email_change(request: HttpRequest, token: str) -> HttpResponse:
    """Undo a change by the link to the old address: a GET asks, a POST undoes it."""
    change = operations.change_to_undo(token=token)
    if request.method == "POST":
        user = operations.undo_email_change(token=token)
        messages.success(request, "The change has been undone. Please choose a new password.")
        return redirect("password_new", token=password_reset_token(user))
    message = {
        "icon": "user",
        "title": "Undo the change?",
        "text": (
            f"Your account gets the email address {_opened(change, change.old_email)} back. "
            "Everyone is logged out, API tokens end, and you choose a new password."
        ),
        "action": request.path,
        "confirm": "Undo the change",
    }
    return render(request, "accounts/message.html", message)


def _opened(change: EmailChange, sealed: str) -> str:
    key = change.user.key
    return (key and key.open("recipient", sealed)) or ""
