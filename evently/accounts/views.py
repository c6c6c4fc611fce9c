"""Sign-up, login, logout and email verification. No response reveals who has an account."""

from collections.abc import Callable
from http import HTTPStatus

from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_safe

from evently.accounts import operations
from evently.accounts.forms import (
    AddressForm,
    CurrentPasswordForm,
    LogInForm,
    NewPasswordForm,
    SignUpForm,
)
from evently.accounts.held_forms import SENDING, kept_form
from evently.accounts.links import (
    password_reset_token,
    read_login_token,
    read_password_reset_token,
)
from evently.accounts.logging_in import log_in_or_ask, start_session
from evently.accounts.models import User
from evently.accounts.queries import has_unverified_password
from evently.errors import DomainError
from evently.origin import origin_of
from evently.pages import (
    add_refusal,
    current_user,
    render_refusal,
    require_get_or_post,
    safe_next,
    secret_link_page,
)

# In the session: where a login link leads that was asked for in this browser.
AFTER_LINK = "after_link"
CONFIRMS_EMAIL = (
    " It also confirms your email address, which has not been confirmed yet. The current password, "
    "which another person may have set, stops working, and you choose a new one."
)


@require_get_or_post
@never_cache
@sensitive_post_parameters("password")
def sign_up(request: HttpRequest) -> HttpResponse:
    """Create an account and log in; all of it looks the same if the email address has one."""
    form = SignUpForm(request.POST or None)
    context = {"form": form, "next": safe_next(request, "")}
    if request.method != "POST":
        return render(request, "accounts/sign_up.html", context)
    if not form.is_valid():
        return render_refusal(request, "accounts/sign_up.html", context)
    try:
        user = operations.sign_up(**form.cleaned_data, origin=origin_of(request))
    except DomainError as refusal:
        add_refusal(form, refusal)
        return render_refusal(request, "accounts/sign_up.html", context, refusal)
    start_session(request, user, "password")
    messages.success(
        request,
        f"You are logged in. We are sending an email to {user.email}: please open the link in it "
        "to confirm your email address. If you had an account before, the email leads to it.",
    )
    return redirect(safe_next(request, reverse("home")))


@require_get_or_post
@never_cache
@sensitive_post_parameters("password")
def log_in(request: HttpRequest) -> HttpResponse:
    """Log in by password, and redirect to `next`."""
    form = LogInForm(request.POST or None)
    target = safe_next(request, reverse("home"))
    context = {"form": form, "next": safe_next(request, "")}
    if request.method != "POST":
        if request.user.is_authenticated:
            return redirect(target)
        return render(request, "accounts/log_in.html", context)
    if not form.is_valid():
        return render_refusal(request, "accounts/log_in.html", context)
    try:
        user = operations.authenticate_with_password(**form.cleaned_data, origin=origin_of(request))
    except DomainError as refusal:
        add_refusal(form, refusal)
        return render_refusal(request, "accounts/log_in.html", context, refusal)
    return log_in_or_ask(request, user, target, "password")


@require_safe
@login_required
@never_cache
def send_kept_form(request: HttpRequest) -> HttpResponse:
    """Offer to send what was entered in a session that was over, after the login."""
    kept = kept_form(request, current_user(request))
    if kept is None:
        return redirect("home")
    confirmation = {
        "icon": "log-in",
        "title": "Send what you entered?",
        "text": "You are logged in again. What you entered before has not been sent yet.",
        "action": kept["path"],
        "field": SENDING,
        "confirm": "Send it now",
        "url": kept["page"],
        "link": "Discard it",
    }
    return render(request, "accounts/message.html", confirmation)


@require_get_or_post
@never_cache
def log_out(request: HttpRequest) -> HttpResponse:
    """Ask for confirmation; a POST logs out."""
    if request.method != "POST":
        confirmation = {
            "icon": "log-out",
            "title": "Log out?",
            "text": "Your bookings and waitlist entries stay as they are.",
            "action": request.path,
            "confirm": "Log out",
        }
        return render(request, "accounts/message.html", confirmation)
    logout(request)
    return redirect("home")


@require_get_or_post
@never_cache
def password_forgotten(request: HttpRequest) -> HttpResponse:
    """Email a password reset link."""
    return _email_link(
        request, operations.request_password_reset, "accounts/password_forgotten.html"
    )


@require_get_or_post
@never_cache
def log_in_link(request: HttpRequest) -> HttpResponse:
    """Email a login link, which leads to `next` if it is opened in this browser."""
    response = _email_link(request, operations.request_login_link, "accounts/log_in_link.html")
    target = safe_next(request, "")
    if target and request.method == "POST" and response.status_code == HTTPStatus.OK:
        request.session[AFTER_LINK] = target
    return response


def _email_link(
    request: HttpRequest, operation: Callable[..., None], template: str
) -> HttpResponse:
    """Ask for an email address and send a link to it; the response is the same if it is unknown."""
    form = AddressForm(request.POST or None)
    if request.method != "POST":
        return render(request, template, {"form": form})
    if not form.is_valid():
        return render_refusal(request, template, {"form": form})
    email = form.cleaned_data["email"]
    try:
        operation(email=email, origin=origin_of(request))
    except DomainError as refusal:
        add_refusal(form, refusal)
        return render_refusal(request, template, {"form": form}, refusal)
    message = {
        "title": "Check your email",
        "text": f"If {email} has booked or signed up here, you will receive a link. "
        "It works once and expires soon.",
        "url": reverse("log_in"),
        "link": "Back to login",
    }
    return render(request, "accounts/message.html", message)


@require_get_or_post
@secret_link_page
@sensitive_post_parameters("password")
def password_new(request: HttpRequest, token: str) -> HttpResponse:
    """Set a password by an emailed link, and log in."""
    read_password_reset_token(token)
    form = NewPasswordForm(request.POST or None)
    if request.method != "POST":
        return render(request, "accounts/password_new.html", {"form": form})
    if not form.is_valid():
        return render_refusal(request, "accounts/password_new.html", {"form": form})
    try:
        user = operations.reset_password(token=token, password=form.cleaned_data["password"])
    except operations.WeakPassword as refusal:
        add_refusal(form, refusal)
        return render_refusal(request, "accounts/password_new.html", {"form": form}, refusal)
    return log_in_or_ask(
        request,
        user,
        reverse("account"),
        "password",
        message="Your new password is set, and you are logged in.",
    )


@require_get_or_post
@secret_link_page
@sensitive_post_parameters("password")
def verify_address(request: HttpRequest, token: str) -> HttpResponse:
    """Verify an email address by an emailed link: a GET asks, a POST verifies.

    A logged-in user only presses the button; other visitors enter the account's password. Those who
    cannot verify by the email alone (`by_email`), which ends that password, and set a new one.
    """
    user = operations.user_to_verify(token=token)
    if user.is_verified:
        return _confirmed(request)
    # Pages opened before this name came in still send the former one.
    if request.method == "POST" and {"by_email", "anew"} & request.POST.keys():
        return _confirm_by_email(request, token)
    if request.user == user:
        return _confirm_logged_in(request, token, user)
    return _confirm_with_password(request, token, user)


def _confirm_logged_in(request: HttpRequest, token: str, user: User) -> HttpResponse:
    if request.method != "POST":
        confirmation = {
            "title": "Confirm your email address",
            "text": f"Is {user.email} your email address?",
            "action": request.path,
            "confirm": "Confirm email address",
        }
        return render(request, "accounts/message.html", confirmation)
    operations.verify_address(token=token, session=current_user(request).get_session_auth_hash())
    return _confirmed(request)


def _confirm_with_password(request: HttpRequest, token: str, user: User) -> HttpResponse:
    form = CurrentPasswordForm(request.POST or None)
    # Not named `user`: in templates that is the current user.
    context = {"form": form, "owner": user, "has_password": user.has_usable_password()}
    if request.method != "POST":
        return render(request, "accounts/verify.html", context)
    if not form.is_valid():
        return render_refusal(request, "accounts/verify.html", context)
    try:
        operations.verify_address_with_password(
            token=token, password=form.cleaned_data["password"], origin=origin_of(request)
        )
    except DomainError as refusal:
        add_refusal(form, refusal)
        return render_refusal(request, "accounts/verify.html", context, refusal)
    return _confirmed(request)


def _confirm_by_email(request: HttpRequest, token: str) -> HttpResponse:
    """Verify by the email alone, and redirect to setting a new password."""
    user = operations.verify_address_by_email(token=token)
    messages.success(
        request,
        "Your email address is confirmed. The previous password no longer works. "
        "Please choose a new one.",
    )
    return redirect("password_new", token=password_reset_token(user))


def _confirmed(request: HttpRequest) -> HttpResponse:
    message = {
        "icon": "check",
        "title": "Your email address is confirmed",
        "text": "There is nothing else to do.",
        "url": reverse("home"),
        "link": "Find an event",
    }
    return render(request, "accounts/message.html", message)


@require_get_or_post
@secret_link_page
def log_in_by_link(request: HttpRequest, token: str) -> HttpResponse:
    """Log in by an emailed link, once: a GET asks, a POST logs in."""
    user_id, _ = read_login_token(token)
    ends_password = has_unverified_password(user_id)
    if request.method != "POST":
        confirmation = {
            "icon": "log-in",
            "title": "Log in",
            "text": "This link logs you in once, without a password."
            + (CONFIRMS_EMAIL if ends_password else ""),
            "action": request.path,
            "confirm": "Log in",
        }
        return render(request, "accounts/message.html", confirmation)
    user = operations.log_in_by_link(token=token)
    target = request.session.pop(AFTER_LINK, reverse("my_bookings"))
    if not ends_password:
        return log_in_or_ask(request, user, target)
    return log_in_or_ask(
        request,
        user,
        f"{reverse('account')}#password",
        message="You are logged in, and your email address is confirmed. Please choose a new "
        "password.",
    )
