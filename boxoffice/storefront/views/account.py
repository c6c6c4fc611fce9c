"""A person's account: who they are, what they are written, their tokens and their data."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.decorators import login_required
from django.forms import BaseForm
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_safe

from evently.accounts import operations
from evently.accounts.export import export_of
from evently.accounts.forms import PasswordForm, ProfileForm, TokenForm
from evently.accounts.models import User
from evently.accounts.queries import tokens_of
from evently.errors import DomainError
from evently.origin import origin_of
from evently.pages import (
    add_refusal,
    current_user,
    render_refusal,
    require_get_or_post,
)
from notifications.forms import PreferencesForm

TEMPLATE = "accounts/account.html"


def _forms(user: User) -> dict[str, Any]:
    """Return the forms of the page, filled with what is so now."""
    return {
        "profile_form": ProfileForm(initial={"name": user.name}),
        "preferences_form": PreferencesForm(user=user),
        "password_form": PasswordForm(user=user),
        "token_form": TokenForm(user=user),
    }


def _context(user: User, **changed: Any) -> dict[str, Any]:
    return {
        **_forms(user),
        "is_verified": user.is_verified,
        "tokens": tokens_of(user.pk),
        **changed,
    }


@require_get_or_post
@login_required
@never_cache
@sensitive_post_parameters("current_password", "password")
def account(request: HttpRequest) -> HttpResponse:
    """Show the account; a POST does what its `act` says."""
    if request.method != "POST":
        return render(request, TEMPLATE, _context(current_user(request)))
    act = ACTS.get(request.POST.get("act", ""))
    if act is None:
        return redirect("account")
    return act(request, current_user(request))


def _changed(
    request: HttpRequest, name: str, form: BaseForm, work: Callable[[], None], said: str
) -> HttpResponse:
    """Do what a form asks for and say so, or show it again with what is wrong."""
    user = current_user(request)
    if not form.is_valid():
        return render_refusal(request, TEMPLATE, _context(user, **{name: form}))
    try:
        work()
    except DomainError as refusal:
        add_refusal(form, refusal)
        return render_refusal(request, TEMPLATE, _context(user, **{name: form}), refusal)
    messages.success(request, said)
    return redirect("account")


def _change_profile(request: HttpRequest, user: User) -> HttpResponse:
    form = ProfileForm(request.POST)

    def work() -> None:
        operations.change_profile(
            user_id=user.pk,
            name=form.cleaned_data["name"],
            session=user.get_session_auth_hash(),
        )

    return _changed(request, "profile_form", form, work, "Your name is saved.")


def _change_preferences(request: HttpRequest, user: User) -> HttpResponse:
    form = PreferencesForm(request.POST, user=user)

    def work() -> None:
        operations.change_profile(
            user_id=user.pk, preferences=form.merged(), session=user.get_session_auth_hash()
        )

    return _changed(request, "preferences_form", form, work, "We write to you as you wish.")


def _change_password(request: HttpRequest, user: User) -> HttpResponse:
    form = PasswordForm(request.POST, user=user)

    def work() -> None:
        changed = operations.change_password(
            user_id=user.pk,
            current_password=form.cleaned_data.get("current_password", ""),
            password=form.cleaned_data["password"],
            session=user.get_session_auth_hash(),
        )
        update_session_auth_hash(request, changed)

    return _changed(request, "password_form", form, work, "Your password is changed.")


def _make_token(request: HttpRequest, user: User) -> HttpResponse:
    """Make a token, and show its secret in this one answer."""
    form = TokenForm(request.POST, user=user)
    if not form.is_valid():
        return render_refusal(request, TEMPLATE, _context(user, token_form=form))
    try:
        issued = operations.issue_token(
            user_id=user.pk, session=user.get_session_auth_hash(), **form.token_options
        )
    except DomainError as refusal:
        add_refusal(form, refusal)
        return render_refusal(request, TEMPLATE, _context(user, token_form=form), refusal)
    return render(request, TEMPLATE, _context(user, new_token=issued.secret))


ACTS: dict[str, Callable[[HttpRequest, User], HttpResponse]] = {
    "profile": _change_profile,
    "preferences": _change_preferences,
    "password": _change_password,
    "token": _make_token,
}


@require_get_or_post
@login_required
def revoke_token(request: HttpRequest, token_id: UUID) -> HttpResponse:
    """Make one of the reader's tokens stop working."""
    if request.method != "POST":  # somebody had to log in first
        return redirect("account")
    operations.revoke_token(user_id=current_user(request).pk, token_id=token_id)
    messages.success(request, "The token has stopped working.")
    return redirect(f"{reverse('account')}#tokens")


@require_get_or_post
@login_required
def send_verification(request: HttpRequest) -> HttpResponse:
    """Mail the link that confirms the address again."""
    if request.method != "POST":
        return redirect("account")
    operations.request_address_verification(
        user_id=current_user(request).pk, origin=origin_of(request)
    )
    messages.success(request, "We have written to you again.")
    return redirect("account")


@require_get_or_post
@login_required
def log_out_elsewhere(request: HttpRequest) -> HttpResponse:
    """End all other sessions of the reader."""
    if request.method != "POST":
        return redirect("account")
    reader = current_user(request)
    user = operations.end_other_sessions(user_id=reader.pk, session=reader.get_session_auth_hash())
    update_session_auth_hash(request, user)
    messages.success(request, "You are logged out everywhere else.")
    return redirect("account")


@require_safe
@login_required
@never_cache
def export_data(request: HttpRequest) -> HttpResponse:
    """Give the reader all that is kept about them, as a file."""
    response = JsonResponse(export_of(current_user(request)), json_dumps_params={"indent": 2})
    response.headers["Content-Disposition"] = 'attachment; filename="my-data.json"'
    return response
