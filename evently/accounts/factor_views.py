"""The page of second factors: an authenticator app, passkeys and recovery codes."""

from uuid import UUID

import segno
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters

from evently.accounts.ceremonies import take_challenge
from evently.accounts.forms import AppCodeForm, PasskeyForm
from evently.accounts.models import User
from evently.accounts.operations import passkeys, second_factors
from evently.accounts.proofs import prove
from evently.accounts.risky import confirms
from evently.accounts.second_factor_required import AFTER_SETUP
from evently.accounts.second_factor_state import factors_of, is_factor_required, pending_secret
from evently.accounts.sessions import keep_session
from evently.errors import DomainError
from evently.pages import add_refusal, current_user, render_refusal, require_get_or_post

PAGE, SET_UP, CODES = (
    "accounts/security.html",
    "accounts/set_up_app.html",
    "accounts/recovery_codes.html",
)
QR_SCALE = 5
# To those who load the page with the recovery codes again.
ALREADY_SET_UP = (
    "Your authenticator app is set up. Recovery codes are shown only once: get new ones below if "
    "you have not kept them."
)
GROUP = 4


@require_get_or_post
@login_required
@never_cache
def security(request: HttpRequest) -> HttpResponse:
    """Show the second factors of the current user."""
    return render(request, PAGE, _context(current_user(request)))


def _context(user: User, form: PasskeyForm | None = None) -> dict[str, object]:
    return {
        "factors": factors_of(user.pk),
        "is_required": is_factor_required(user),
        "is_verified": user.is_verified,
        "passkey_form": form or PasskeyForm(),
    }


# ── Authenticator app ───────────────────────────────────────────────────────
@require_get_or_post
@login_required
@never_cache
@sensitive_post_parameters("code")
@confirms("add_factor")
def set_up_app(request: HttpRequest) -> HttpResponse:
    """Make a secret, show it, and take the code that confirms it."""
    user = current_user(request)
    session = user.get_session_auth_hash()
    if request.method == "POST" and "code" not in request.POST:
        try:
            second_factors.begin_app(user_id=user.pk, session=session)
        except (second_factors.AppExists, second_factors.AddressFirst) as refusal:
            messages.error(request, refusal.text)
            return redirect("security")
        return redirect("set_up_app")
    secret = pending_secret(user)
    if secret is None:
        if request.method == "POST" and factors_of(user.pk).app:
            messages.info(request, ALREADY_SET_UP)
        return redirect("security")
    uri = second_factors.provisioning_uri(user, secret)
    form = AppCodeForm(request.POST or None)
    context = {
        "form": form,
        "secret": " ".join(secret[at : at + GROUP] for at in range(0, len(secret), GROUP)),
        "uri": uri,
        "qr": segno.make(uri).svg_data_uri(scale=QR_SCALE, dark="#141210", light="#ffffff"),
    }
    if request.method != "POST":
        return render(request, SET_UP, context)
    if not form.is_valid():
        return render_refusal(request, SET_UP, context)
    try:
        codes = second_factors.confirm_app(
            user_id=user.pk, code=form.cleaned_data["code"], session=session
        )
    except DomainError as refusal:
        add_refusal(form, refusal)
        return render_refusal(request, SET_UP, context, refusal)
    return _added(request, codes, "Your authenticator app is set up.")


@require_get_or_post
@login_required
@confirms("remove_factor")
def remove_app(request: HttpRequest) -> HttpResponse:
    if request.method == "POST":
        user = current_user(request)
        try:
            second_factors.remove_app(user_id=user.pk, session=user.get_session_auth_hash())
        except DomainError as refusal:
            messages.error(request, refusal.text)
        else:
            messages.success(request, "The authenticator app has been removed.")
    return redirect("security")


# ── Passkeys ────────────────────────────────────────────────────────────────
@require_get_or_post
@login_required
@never_cache
@sensitive_post_parameters("passkey_answer")
@confirms("add_factor")
def add_passkey(request: HttpRequest) -> HttpResponse:
    """Add the passkey that the browser has made."""
    if request.method != "POST":
        return redirect("security")
    user = current_user(request)
    form = PasskeyForm(request.POST)
    if not form.is_valid():
        return render_refusal(request, PAGE, _context(user, form))
    try:
        codes = passkeys.add_passkey(
            user_id=user.pk,
            name=form.cleaned_data["name"],
            answer=request.POST.get("passkey_answer", ""),
            challenge=take_challenge(request, "add"),
            session=user.get_session_auth_hash(),
        )
    except DomainError as refusal:
        add_refusal(form, refusal)
        return render_refusal(request, PAGE, _context(user, form), refusal)
    return _added(request, codes, "The passkey has been added.")


@require_get_or_post
@login_required
@confirms("remove_factor")
def remove_passkey(request: HttpRequest, passkey_id: UUID) -> HttpResponse:
    if request.method == "POST":
        user = current_user(request)
        try:
            passkeys.remove_passkey(
                user_id=user.pk, passkey_id=passkey_id, session=user.get_session_auth_hash()
            )
        except DomainError as refusal:
            messages.error(request, refusal.text)
        else:
            messages.success(request, "The passkey has been removed.")
    return redirect("security")


# ── Recovery codes ──────────────────────────────────────────────────────────
@require_get_or_post
@login_required
@never_cache
@confirms("recovery_codes")
def new_recovery_codes(request: HttpRequest) -> HttpResponse:
    """Replace the recovery codes. This response is the only one that shows them."""
    if request.method != "POST":
        return redirect("security")
    user = current_user(request)
    codes = second_factors.make_recovery_codes(
        user_id=user.pk, session=user.get_session_auth_hash()
    )
    return _show_codes(request, codes, "Your earlier codes no longer work.")


def _added(request: HttpRequest, codes: list[str], message: str) -> HttpResponse:
    """Go on after a factor was added; with the first one come recovery codes."""
    if codes:
        keep_session(request, User.objects.with_keys().get(pk=current_user(request).pk))
    prove(request, "factor")
    if codes:
        return _show_codes(request, codes, message)
    messages.success(request, message)
    return redirect(request.session.pop(AFTER_SETUP, reverse("security")))


def _show_codes(request: HttpRequest, codes: list[str], message: str) -> HttpResponse:
    context = {
        "codes": codes,
        "message": message,
        "target": request.session.pop(AFTER_SETUP, reverse("security")),
    }
    return render(request, CODES, context)
