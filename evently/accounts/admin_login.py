"""The admin's login form: an email address and a password."""

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import reverse
from unfold.forms import AuthenticationForm

from evently.accounts.logging_in import log_in_or_ask
from evently.accounts.models import User
from evently.accounts.proofs import prove
from evently.accounts.second_factor_state import has_second_factor
from evently.errors import DomainError
from evently.pages import safe_next


def admin_login(request: HttpRequest) -> HttpResponseBase:
    """Show the admin's login page, which leads to the admin unless the URL says otherwise.

    Unfold's form leaves out where to go, and Django would go to the public home page.
    """
    query = request.GET.copy()
    query.setdefault(REDIRECT_FIELD_NAME, reverse("admin:index"))
    request.GET = query  # type: ignore[assignment]
    try:
        response = admin.site.login(request)
    except SecondStepDue as due:
        target = safe_next(request, reverse("admin:index"))
        return log_in_or_ask(request, due.user, target, "password")
    if request.method == "POST" and request.user.is_authenticated:
        prove(request, "password")
    return response


class SecondStepDue(Exception):
    """The password is right, and the user has a second factor: Django must not log in yet."""

    def __init__(self, user: User) -> None:
        self.user = user
        super().__init__()


class AddressLoginForm(AuthenticationForm):
    """Labels Django's username field as what it is here: the email address."""

    error_messages = {
        **AuthenticationForm.error_messages,
        "invalid_login": (
            "No organizer account has this email address and password. "
            "Passwords are case-sensitive."
        ),
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        username = self.fields["username"]
        username.label = "Email address"
        username.widget.input_type = "email"
        username.widget.attrs |= {"autocomplete": "email"}
        username.widget.attrs.pop("maxlength", None)
        username.max_length = None

    def clean(self) -> dict[str, Any]:
        """Show TooManyAttempts as an error of the form."""
        try:
            cleaned: dict[str, Any] = super().clean()
        except DomainError as refusal:
            raise ValidationError(refusal.text) from refusal
        user = self.get_user()
        if isinstance(user, User) and has_second_factor(user.pk):
            raise SecondStepDue(user)
        return cleaned

    def get_invalid_login_error(self) -> ValidationError:
        """Return the message as it is: Django's would name the username field."""
        return forms.ValidationError(self.error_messages["invalid_login"], code="invalid_login")
