"""The pages on which users delete their account, and keep it after all.

Deleting takes the password; users without one confirm by a link that is emailed to them. Keeping
takes a login, or the link in the email about the deletion.
"""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters

from boxoffice.lifecycle import operations
from boxoffice.lifecycle.queries import events_ahead_of
from evently.accounts import operations as accounts
from evently.accounts.forms import CurrentPasswordForm
from evently.accounts.models import User
from evently.database.clock import now
from evently.errors import DomainError
from evently.formatting import moment
from evently.http_errors import status_of
from evently.origin import origin_of
from evently.pages import (
    add_refusal,
    current_user,
    render_refusal,
    require_get_or_post,
    secret_link_page,
)
from evently.time_zones import zone_or_utc

TEMPLATE = "accounts/delete_account.html"


@require_get_or_post
@login_required
@never_cache
@sensitive_post_parameters("password")
def delete_account(request: HttpRequest) -> HttpResponse:
    """Show what deleting the account does; a POST with the password asks for it."""
    user = current_user(request)
    if user.is_leaving:
        return redirect("account")
    form = CurrentPasswordForm(request.POST or None)
    context = _context(user, form=form, has_password=user.has_usable_password())
    if request.method != "POST":
        return render(request, TEMPLATE, context)
    if context["events"]:
        return render(request, TEMPLATE, context, status=status_of(operations.OrganizerStays()))
    if not user.has_usable_password():
        return _email_link(request, user)
    if not form.is_valid():
        return render_refusal(request, TEMPLATE, context)
    try:
        accounts.check_password(user_id=user.pk, password=form.cleaned_data["password"])
        operations.request_deletion(
            user_id=user.pk, origin=origin_of(request), session=user.get_session_auth_hash()
        )
    except DomainError as refusal:
        add_refusal(form, refusal)
        return render_refusal(request, TEMPLATE, context, refusal)
    messages.success(request, "We are sending you an email with a link that keeps your account.")
    return redirect("account")


def _context(owner: User, **more: Any) -> dict[str, Any]:
    """Return what the page says: when the account would go, and the events that keep it."""
    return {
        "owner": owner,
        "deletion_days": settings.ACCOUNT_DELETION_DELAY.days,
        "due_at": now() + settings.ACCOUNT_DELETION_DELAY,
        "events": events_ahead_of(owner.pk),
        **more,
    }


def _in_words(at: datetime | None, user: User) -> str:
    return moment(at, zone_or_utc(user.timezone))


def _email_link(request: HttpRequest, user: User) -> HttpResponse:
    accounts.request_deletion_link(user_id=user.pk, origin=origin_of(request))
    message = {
        "title": "Check your email",
        "text": f"We are sending a link to {user.email}. Your account stays until you open it and "
        "confirm. It works once and expires soon.",
        "url": reverse("account"),
        "link": "Back to my account",
    }
    return render(request, "accounts/message.html", message)


@require_get_or_post
@secret_link_page
def delete_account_by_link(request: HttpRequest, token: str) -> HttpResponse:
    """Delete an account by an emailed link: a GET asks, a POST deletes."""
    user = operations.user_to_delete(token=token)
    if request.method == "POST":
        user = operations.request_deletion_by_link(token=token)
    elif not user.is_leaving:
        return render(request, TEMPLATE, _context(user, by_link=True))
    message = {
        "icon": "check",
        "title": "Your account will be deleted",
        "text": f"The account of {user.email} will be deleted on "
        f"{_in_words(user.deletion_due_at, user)}. The email that we send you about it has a link "
        "that keeps the account, in case you change your mind.",
        "url": reverse("home"),
        "link": "Browse events",
    }
    return render(request, "accounts/message.html", message)


@require_get_or_post
@login_required
@never_cache
def keep_account(request: HttpRequest) -> HttpResponse:
    """Undo the deletion of the current user's account."""
    if request.method == "POST":
        user = current_user(request)
        accounts.undo_deletion(user_id=user.pk, session=user.get_session_auth_hash())
        messages.success(request, "Your account stays.")
    return redirect("account")


@require_get_or_post
@secret_link_page
def keep_account_by_link(request: HttpRequest, token: str) -> HttpResponse:
    """Undo a deletion by the link in the email about it: a GET asks, a POST undoes it."""
    user = accounts.user_to_keep(token=token)
    if request.method == "POST":
        user = accounts.undo_deletion_by_link(token=token)
    if user.deletion_due_at is None:
        message = {
            "icon": "check",
            "title": "Your account stays",
            "text": f"The account of {user.email} is not going to be deleted.",
            "url": reverse("account"),
            "link": "Go to my account",
        }
    elif not user.is_leaving:
        raise accounts.DeletionStarted
    else:
        message = {
            "icon": "user",
            "title": "Keep your account?",
            "text": f"Otherwise the account of {user.email} will be deleted on "
            f"{_in_words(user.deletion_due_at, user)}.",
            "action": request.path,
            "confirm": "Keep my account",
        }
    return render(request, "accounts/message.html", message)
