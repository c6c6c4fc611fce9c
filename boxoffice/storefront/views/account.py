"""The account page: profile, notification preferences, password, API tokens and data export."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.forms import BaseForm
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters

from boxoffice.lifecycle.queries import events_ahead_of
from evently.accounts import operations
from evently.accounts.export import export_of
from evently.accounts.forms import (
    EmailChangeForm,
    KeepTokensForm,
    PasswordForm,
    ProfileForm,
    TokenForm,
)
from evently.accounts.models import User
from evently.accounts.operations.sessions import SessionNotFound
from evently.accounts.operations.sessions import end_session as end_one
from evently.accounts.queries import exports_of, sessions_of, tokens_of
from evently.accounts.risky import ask_again, confirms
from evently.accounts.second_factor_state import factors_of
from evently.accounts.sessions import keep_session
from evently.errors import DomainError
from evently.origin import origin_of
from evently.pages import (
    add_refusal,
    current_user,
    render_refusal,
    require_get_or_post,
)
from notifications.forms import PreferencesForm
from notifications.returns import suppressing

TEMPLATE = "accounts/account.html"
SESSIONS = "sessions"
EMAIL = "change"
TOKENS_REVOKED = " Your API tokens have been revoked."
NOT_REACHED = (
    "No email was sent, as emails to your address come back. Correct it below, or have emails sent "
    "to it again."
)


def _forms(user: User, *, has_tokens: bool) -> dict[str, Any]:
    """Return the forms of the page with their current values."""
    return {
        "profile_form": ProfileForm(user=user),
        "email_form": EmailChangeForm(prefix=EMAIL),
        "preferences_form": PreferencesForm(user=user),
        "password_form": PasswordForm(user=user, has_tokens=has_tokens),
        # A prefix, since the page has the same field in the password form.
        "sessions_form": KeepTokensForm(has_tokens=has_tokens, prefix=SESSIONS),
        "token_form": TokenForm(user=user),
    }


def _context(request: HttpRequest, **changed: Any) -> dict[str, Any]:
    user = current_user(request)
    tokens = list(tokens_of(user.pk))
    suppressions = suppressing.open_of(user)
    return {
        **_forms(user, has_tokens=bool(tokens)),
        "is_verified": user.is_verified,
        "suppressions": suppressions,
        "is_unreachable": suppressing.is_for_all_emails(suppressions),
        "deletion_days": settings.ACCOUNT_DELETION_DELAY.days,
        "tokens": tokens,
        "factors": factors_of(user.pk),
        "export": exports_of(user.pk).first(),
        # Published since the deletion was asked for: they keep the account when it is due.
        "events_ahead": events_ahead_of(user.pk) if user.is_leaving and user.is_organizer else [],
        "sessions": sessions_of(user.pk, current=request.session.session_key),
        **changed,
    }


@require_get_or_post
@login_required
@never_cache
@sensitive_post_parameters("current_password", "password", "change-current_password")
def account(request: HttpRequest) -> HttpResponse:
    """Show the account page. A POST holds one of its forms, which the field `act` names."""
    if request.method != "POST":
        return render(request, TEMPLATE, _context(request))
    handle = FORM_HANDLERS.get(request.POST.get("act", ""))
    if handle is None:
        return redirect("account")
    return handle(request, current_user(request))


def _save(
    request: HttpRequest, name: str, form: BaseForm, save: Callable[[], None], success: str
) -> HttpResponse:
    """Save a valid form and redirect with a message, or show the page with the form's errors.

    name: the form's name in the template's context. save: may raise a DomainError.
    """
    if not form.is_valid():
        return render_refusal(request, TEMPLATE, _context(request, **{name: form}))
    try:
        save()
    except DomainError as refusal:
        add_refusal(form, refusal)
        return render_refusal(request, TEMPLATE, _context(request, **{name: form}), refusal)
    messages.success(request, success)
    return redirect("account")


def _change_profile(request: HttpRequest, user: User) -> HttpResponse:
    form = ProfileForm(request.POST, user=user)

    def save() -> None:
        operations.change_profile(
            user_id=user.pk,
            name=form.cleaned_data["name"],
            timezone=form.cleaned_data["timezone"],
            session=user.get_session_auth_hash(),
        )

    return _save(request, "profile_form", form, save, "Your profile has been saved.")


def _change_email(request: HttpRequest, user: User) -> HttpResponse:
    form = EmailChangeForm(request.POST, prefix=EMAIL)

    def save() -> None:
        operations.request_email_change(
            user_id=user.pk,
            email=form.cleaned_data["email"],
            password=form.cleaned_data["current_password"],
            origin=origin_of(request),
            session=user.get_session_auth_hash(),
        )

    success = (
        "We sent an email to the new address. Open its link to change the address; until then, "
        "nothing changes."
    )
    return _save(request, "email_form", form, save, success)


def _change_preferences(request: HttpRequest, user: User) -> HttpResponse:
    form = PreferencesForm(request.POST, user=user)

    def save() -> None:
        operations.change_profile(
            user_id=user.pk, preferences=form.merged(), session=user.get_session_auth_hash()
        )

    return _save(
        request,
        "preferences_form",
        form,
        save,
        "Your notification preferences have been saved.",
    )


def _change_password(request: HttpRequest, user: User) -> HttpResponse:
    if not user.has_usable_password() and (held_up := ask_again(request, "set_password")):
        return held_up
    has_tokens = tokens_of(user.pk).exists()
    form = PasswordForm(request.POST, user=user, has_tokens=has_tokens)

    def save() -> None:
        changed = operations.change_password(
            user_id=user.pk,
            current_password=form.cleaned_data.get("current_password", ""),
            password=form.cleaned_data["password"],
            keep_tokens=form.keeps_tokens,
            session=user.get_session_auth_hash(),
        )
        keep_session(request, changed)

    success = "Your password has been changed, and all other sessions have been logged out."
    if has_tokens and form.is_valid() and not form.keeps_tokens:
        success += TOKENS_REVOKED
    return _save(request, "password_form", form, save, success)


def _issue_token(request: HttpRequest, user: User) -> HttpResponse:
    """Issue an API token. This response is the only one that shows its secret."""
    if held_up := ask_again(request, "create_token"):
        return held_up
    form = TokenForm(request.POST, user=user)
    if not form.is_valid():
        return render_refusal(request, TEMPLATE, _context(request, token_form=form))
    try:
        issued = operations.issue_token(
            user_id=user.pk, session=user.get_session_auth_hash(), **form.token_options
        )
    except DomainError as refusal:
        add_refusal(form, refusal)
        return render_refusal(request, TEMPLATE, _context(request, token_form=form), refusal)
    return render(request, TEMPLATE, _context(request, new_token=issued.secret))


FORM_HANDLERS: dict[str, Callable[[HttpRequest, User], HttpResponse]] = {
    "profile": _change_profile,
    "email": _change_email,
    "preferences": _change_preferences,
    "password": _change_password,
    "token": _issue_token,
}


@require_get_or_post
@login_required
def revoke_token(request: HttpRequest, token_id: UUID) -> HttpResponse:
    if request.method != "POST":  # the login page redirects here with a GET
        return redirect("account")
    operations.revoke_token(user_id=current_user(request).pk, token_id=token_id)
    messages.success(request, "The token has been revoked.")
    return redirect(f"{reverse('account')}#tokens")


@require_get_or_post
@login_required
def send_verification(request: HttpRequest) -> HttpResponse:
    """Send another verification email."""
    if request.method != "POST":
        return redirect("account")
    user = current_user(request)
    if suppressing.is_for_all_emails(suppressing.open_of(user)):
        messages.error(request, NOT_REACHED)
        return redirect(f"{reverse('account')}#email-address")
    operations.request_address_verification(user_id=user.pk, origin=origin_of(request))
    messages.success(request, "We are sending you another email.")
    return redirect("account")


@require_get_or_post
@login_required
def log_out_elsewhere(request: HttpRequest) -> HttpResponse:
    """End all other sessions of the current user, and API tokens unless these are to be kept."""
    if request.method != "POST":
        return redirect("account")
    user = current_user(request)
    has_tokens = tokens_of(user.pk).exists()
    form = KeepTokensForm(request.POST, has_tokens=has_tokens, prefix=SESSIONS)
    form.is_valid()
    changed = operations.end_other_sessions(
        user_id=user.pk, keep_tokens=form.keeps_tokens, session=user.get_session_auth_hash()
    )
    keep_session(request, changed)
    messages.success(
        request,
        "All other sessions have been logged out."
        + (TOKENS_REVOKED if has_tokens and not form.keeps_tokens else ""),
    )
    return redirect("account")


@require_get_or_post
@login_required
def end_session(request: HttpRequest, session_id: UUID) -> HttpResponse:
    """End one session of the current user; that of this browser, too."""
    if request.method != "POST":
        return redirect("account")
    try:
        end_one(user_id=current_user(request).pk, session_id=session_id)
    except SessionNotFound as refusal:
        messages.info(request, refusal.text)
    else:
        messages.success(request, "That session has been logged out.")
    return redirect(f"{reverse('account')}#sessions")


@require_get_or_post
@login_required
@never_cache
@confirms("export_data")
def export_data(request: HttpRequest) -> HttpResponse:
    """Download everything that is stored about the current user, as JSON."""
    response = JsonResponse(export_of(current_user(request)), json_dumps_params={"indent": 2})
    response.headers["Content-Disposition"] = 'attachment; filename="my-data.json"'
    return response
