"""Signing up, coming in and going out. No answer tells who has an account."""

from collections.abc import Callable

from django.contrib import messages
from django.contrib.auth import login, logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters

from evently.accounts import operations
from evently.accounts.forms import (
    AddressForm,
    KnownPasswordForm,
    LogInForm,
    NewPasswordForm,
    SignUpForm,
)
from evently.accounts.links import (
    password_reset_token,
    read_login_token,
    read_password_reset_token,
)
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

BACKEND = "evently.accounts.backends.AddressBackend"
CONFIRMS_TOO = (
    " It also confirms your address, which nobody has done yet. So the password that was set "
    "before, perhaps by somebody else, stops working, and you choose one of your own."
)


def let_in(request: HttpRequest, user: User) -> None:
    """Begin a session of a user."""
    login(request, user, backend=BACKEND)


@require_get_or_post
@never_cache
@sensitive_post_parameters("password")
def sign_up(request: HttpRequest) -> HttpResponse:
    """Make an account; the answer is the same where the address has one."""
    form = SignUpForm(request.POST or None)
    context = {"form": form, "next": safe_next(request, "")}
    if request.method != "POST":
        return render(request, "accounts/sign_up.html", context)
    if not form.is_valid():
        return render_refusal(request, "accounts/sign_up.html", context)
    try:
        operations.register(**form.cleaned_data, origin=origin_of(request))
    except DomainError as refusal:
        add_refusal(form, refusal)
        return render_refusal(request, "accounts/sign_up.html", context, refusal)
    said = {
        "title": "Look into your mail",
        "text": f"We have written to {form.cleaned_data['email']}. The link in that mail "
        "confirms your address. You can log in already.",
        "url": reverse("log_in"),
        "link": "Log in",
    }
    return render(request, "accounts/message.html", said)


@require_get_or_post
@never_cache
@sensitive_post_parameters("password")
def log_in(request: HttpRequest) -> HttpResponse:
    """Come in by password, and go on to where one was headed."""
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
    let_in(request, user)
    return redirect(target)


@require_get_or_post
@never_cache
def log_out(request: HttpRequest) -> HttpResponse:
    """Ask whether to end the session; a POST does it."""
    if request.method != "POST":
        asked = {
            "icon": "log-out",
            "title": "Log out?",
            "text": "Your bookings and your places in line stay as they are.",
            "action": request.path,
            "confirm": "Log out",
        }
        return render(request, "accounts/message.html", asked)
    logout(request)
    return redirect("home")


@require_get_or_post
@never_cache
def password_forgotten(request: HttpRequest) -> HttpResponse:
    """Mail a link that sets a password."""
    return _mail_link(
        request, operations.request_password_reset, "accounts/password_forgotten.html"
    )


@require_get_or_post
@never_cache
def log_in_link(request: HttpRequest) -> HttpResponse:
    """Mail a link that lets its owner in."""
    return _mail_link(request, operations.request_login_link, "accounts/log_in_link.html")


def _mail_link(request: HttpRequest, operation: Callable[..., None], template: str) -> HttpResponse:
    """Ask for an address, and mail a link to whoever owns it; nobody gets the same answer."""
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
    said = {
        "title": "Look into your mail",
        "text": f"If {email} has booked or signed up here, a link is on its way. "
        "It works once, and not for long.",
        "url": reverse("log_in"),
        "link": "Back to log-in",
    }
    return render(request, "accounts/message.html", said)


@require_get_or_post
@secret_link_page
@sensitive_post_parameters("password")
def password_new(request: HttpRequest, token: str) -> HttpResponse:
    """Set a password by a mailed link, and come in."""
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
    let_in(request, user)
    messages.success(request, "Your password is set, and you are logged in.")
    return redirect("account")


@require_get_or_post
@secret_link_page
@sensitive_post_parameters("password")
def verify_address(request: HttpRequest, token: str) -> HttpResponse:
    """Confirm an address by a mailed link: opening it shows, a button confirms.

    Whoever is logged in presses the button alone, anybody else types the password. Who cannot
    confirms by the mail itself (`anew`), which ends the password and lets them choose one.
    """
    person = operations.person_to_verify(token=token)
    if person.is_verified:
        return _say_confirmed(request)
    if request.method == "POST" and "anew" in request.POST:
        return _confirm_anew(request, token)
    if request.user == person:
        return _confirm_logged_in(request, token, person)
    return _confirm_with_password(request, token, person)


def _confirm_logged_in(request: HttpRequest, token: str, person: User) -> HttpResponse:
    if request.method != "POST":
        asked = {
            "title": "Is this your address?",
            "text": f"Press the button, and we know that our mails reach you at {person.email}.",
            "action": request.path,
            "confirm": "Confirm my address",
        }
        return render(request, "accounts/message.html", asked)
    operations.verify_address(token=token, session=current_user(request).get_session_auth_hash())
    return _say_confirmed(request)


def _confirm_with_password(request: HttpRequest, token: str, person: User) -> HttpResponse:
    form = KnownPasswordForm(request.POST or None)
    context = {"form": form, "person": person, "has_password": person.has_usable_password()}
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
    return _say_confirmed(request)


def _confirm_anew(request: HttpRequest, token: str) -> HttpResponse:
    """Confirm by the mail alone, and go on to choose a password."""
    user = operations.verify_address_anew(token=token)
    messages.success(
        request,
        "Your address is confirmed. A password that was set before no longer works: "
        "choose one of your own.",
    )
    return redirect("password_new", token=password_reset_token(user))


def _say_confirmed(request: HttpRequest) -> HttpResponse:
    said = {
        "icon": "check",
        "title": "Thank you, your address is confirmed",
        "text": "Our mails reach you. There is nothing else to do.",
        "url": reverse("home"),
        "link": "Find an event",
    }
    return render(request, "accounts/message.html", said)


@require_get_or_post
@secret_link_page
def log_in_by_link(request: HttpRequest, token: str) -> HttpResponse:
    """Come in by a mailed link: opening it shows, the button lets in, once."""
    user_id, _ = read_login_token(token)
    ends_password = has_unverified_password(user_id)
    if request.method != "POST":
        asked = {
            "icon": "log-in",
            "title": "Come in",
            "text": "This link lets you in, once, without a password."
            + (CONFIRMS_TOO if ends_password else ""),
            "action": request.path,
            "confirm": "Log in",
        }
        return render(request, "accounts/message.html", asked)
    let_in(request, operations.log_in_by_link(token=token))
    if not ends_password:
        return redirect("my_bookings")
    messages.success(request, "You are in, and your address is confirmed. Choose a password.")
    return redirect(f"{reverse('account')}#password")
