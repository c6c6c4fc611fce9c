"""The second step of logging in, and logging in by a passkey alone."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from evently.accounts.ceremonies import Ceremony, new_challenge, take_challenge
from evently.accounts.forms import CodeForm, LogInForm
from evently.accounts.logging_in import (
    finish_login,
    finish_pending,
    forget_pending,
    pending_user,
    tell_codes_left,
)
from evently.accounts.models import User
from evently.accounts.operations.passkeys import (
    check_passkey,
    registration_options,
    request_options,
    sign_in_with_passkey,
)
from evently.accounts.operations.rate_limits import PASSKEY_QUESTIONS
from evently.accounts.operations.second_factors import check_code
from evently.accounts.second_factor_state import factors_of
from evently.errors import DomainError
from evently.origin import origin_of
from evently.pages import add_refusal, render_refusal, require_get_or_post, safe_next
from evently.throttle import client_of, count

STEP = "accounts/second_step.html"


@require_get_or_post
@never_cache
@sensitive_post_parameters("code", "passkey_answer")
def second_step(request: HttpRequest) -> HttpResponse:
    """Ask who has given the right password, or opened a login link, for the second factor."""
    user = pending_user(request)
    if user is None:
        return forget_pending(request)
    factors = factors_of(user.pk)
    form = CodeForm(request.POST if "code" in request.POST else None)
    context: dict[str, object] = {
        "form": form if factors.app or factors.codes_left else None,
        "has_app": factors.app is not None,
        "has_passkeys": bool(factors.passkeys),
    }
    if request.method != "POST":
        return render(request, STEP, context)
    codes_left = None
    try:
        if answer := request.POST.get("passkey_answer"):
            challenge = take_challenge(request, "check")
            check_passkey(user_id=user.pk, answer=answer, challenge=challenge)
        elif form.is_valid():
            codes_left = check_code(user_id=user.pk, code=form.cleaned_data["code"])
        else:
            return render_refusal(request, STEP, context)
    except DomainError as refusal:
        return _refused(request, STEP, context, form, refusal)
    response = finish_pending(request, user)
    tell_codes_left(request, codes_left)
    return response


def _refused(
    request: HttpRequest,
    template: str,
    context: dict[str, object],
    form: CodeForm | LogInForm,
    refusal: DomainError,
) -> HttpResponse:
    if not form.is_bound:
        form = type(form)({})
        form.errors.clear()
        context["form"] = form
    add_refusal(form, refusal)
    return render_refusal(request, template, context, refusal)


@require_POST
@never_cache
def passkey_options(request: HttpRequest, ceremony: Ceremony) -> HttpResponse:
    """Return what the browser needs to ask for a passkey, or to make one, as JSON.

    To log in, any passkey of this site will do, so that the answer does not depend on who has an
    account. 403 if no one is logged in, as far as the ceremony needs it.
    """
    count((PASSKEY_QUESTIONS, client_of(origin_of(request).ip_address)))
    challenge = new_challenge(request, ceremony)
    if ceremony == "log_in":
        return _json(request_options(passkeys=None, challenge=challenge))
    user = request.user if request.user.is_authenticated else None
    if ceremony == "check":
        user = user or pending_user(request)
    if not isinstance(user, User):
        return HttpResponse(status=403)
    passkeys = factors_of(user.pk).passkeys
    if ceremony == "check":
        return _json(request_options(passkeys=passkeys, challenge=challenge))
    return _json(registration_options(user=user, passkeys=passkeys, challenge=challenge))


def _json(options: str) -> HttpResponse:
    return HttpResponse(options, content_type="application/json")


@require_get_or_post
@never_cache
@sensitive_post_parameters("passkey_answer")
def log_in_with_passkey(request: HttpRequest) -> HttpResponse:
    """Log in by a passkey that has verified its user, which takes no password or second step."""
    if request.method != "POST":
        return redirect("log_in")
    target = safe_next(request, reverse("home"))
    form = LogInForm()
    context: dict[str, object] = {"form": form, "next": safe_next(request, "")}
    try:
        user = sign_in_with_passkey(
            answer=request.POST.get("passkey_answer", ""),
            challenge=take_challenge(request, "log_in"),
            origin=origin_of(request),
        )
    except DomainError as refusal:
        return _refused(request, "accounts/log_in.html", context, form, refusal)
    return finish_login(request, user, target, "password", "factor")
