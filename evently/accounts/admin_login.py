"""The admin's log-in form: an e-mail address and a password."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from unfold.forms import AuthenticationForm

from evently.errors import DomainError


class AddressLoginForm(AuthenticationForm):
    """Django calls the address a username; people do not."""

    error_messages = {
        **AuthenticationForm.error_messages,
        "invalid_login": (
            "That address and password do not belong to an organizer. Check both; "
            "capital letters count in the password."
        ),
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        username = self.fields["username"]
        username.label = "E-mail address"
        username.widget.input_type = "email"
        username.widget.attrs |= {"autocomplete": "email"}
        username.widget.attrs.pop("maxlength", None)
        username.max_length = None

    def clean(self) -> dict[str, Any]:
        """Tell those who tried too often, instead of failing."""
        try:
            cleaned: dict[str, Any] = super().clean()
        except DomainError as refusal:
            raise ValidationError(refusal.text) from refusal
        return cleaned

    def get_invalid_login_error(self) -> ValidationError:
        """Say it without Django's placeholder for the name of the field."""
        return forms.ValidationError(self.error_messages["invalid_login"], code="invalid_login")
