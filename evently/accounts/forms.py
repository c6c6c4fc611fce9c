"""Forms of accounts. They parse; what makes sense, the operations decide."""

from datetime import timedelta
from typing import Any

from django import forms

from evently.accounts.models import Scope, User
from evently.privacy.addresses import LONGEST_ADDRESS, LONGEST_NAME

LONGEST_PASSWORD = 1024
LIFETIMES = (("30", "30 days"), ("90", "90 days"), ("365", "A year"))


class NameField(forms.CharField):
    """A person's name."""

    def __init__(self, **kwargs: Any) -> None:
        """Let browsers fill it in."""
        widget = forms.TextInput(attrs={"autocomplete": "name"})
        super().__init__(max_length=LONGEST_NAME, widget=widget, **{"label": "Name", **kwargs})


class AddressField(forms.CharField):
    """An e-mail address; the operation judges it."""

    def __init__(self, **kwargs: Any) -> None:
        """Let browsers fill it in."""
        widget = forms.EmailInput(attrs={"autocomplete": "email"})
        super().__init__(
            max_length=LONGEST_ADDRESS, widget=widget, **{"label": "E-mail address", **kwargs}
        )


class PasswordField(forms.CharField):
    """A password, kept as typed. autocomplete: current-password or new-password."""

    def __init__(self, *, autocomplete: str, **kwargs: Any) -> None:
        """Tell password managers which one it is."""
        widget = forms.PasswordInput(attrs={"autocomplete": autocomplete})
        super().__init__(
            max_length=LONGEST_PASSWORD,
            strip=False,
            widget=widget,
            **{"label": "Password", **kwargs},
        )


class SignUpForm(forms.Form):
    """Make an account."""

    name = NameField()
    email = AddressField()
    password = PasswordField(
        autocomplete="new-password", help_text="At least 10 characters. A sentence is good."
    )


class LogInForm(forms.Form):
    """Come in by password."""

    email = AddressField()
    password = PasswordField(autocomplete="current-password")


class AddressForm(forms.Form):
    """Whom to mail a link."""

    email = AddressField()


class NewPasswordForm(forms.Form):
    """Set a password by a mailed link."""

    password = PasswordField(
        label="New password",
        autocomplete="new-password",
        help_text="At least 10 characters. A sentence is good.",
    )


class KnownPasswordForm(forms.Form):
    """Show that one has set the password of an account."""

    password = PasswordField(autocomplete="current-password")


class ProfileForm(forms.Form):
    """What a person says of themselves."""

    name = NameField()


class PasswordForm(forms.Form):
    """Change the password; whoever has none yet sets their first."""

    current_password = PasswordField(label="Current password", autocomplete="current-password")
    password = PasswordField(label="New password", autocomplete="new-password")

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        """Make the form for a user."""
        super().__init__(*args, **kwargs)
        if not user.has_usable_password():
            del self.fields["current_password"]


class TokenForm(forms.Form):
    """Make an API token."""

    token_name = forms.CharField(
        label="What it is for",
        max_length=100,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    scopes = forms.MultipleChoiceField(
        label="What it may do", choices=Scope.choices, widget=forms.CheckboxSelectMultiple
    )
    lifetime = forms.ChoiceField(label="Works for", choices=LIFETIMES)

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        """Make the form for a user; only organizers may make tokens that organize."""
        super().__init__(*args, **kwargs)
        if not user.is_organizer:
            scopes = self.fields["scopes"]
            assert isinstance(scopes, forms.MultipleChoiceField)
            scopes.choices = [one for one in Scope.choices if one[0] != Scope.ORGANIZE]

    @property
    def wishes(self) -> dict[str, Any]:
        """What `issue_token` is asked for."""
        return {
            "name": self.cleaned_data["token_name"],
            "scopes": self.cleaned_data["scopes"],
            "lifetime": timedelta(days=int(self.cleaned_data["lifetime"])),
        }
