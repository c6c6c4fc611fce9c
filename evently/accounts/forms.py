"""Forms of accounts. They parse; the operations validate."""

from datetime import timedelta
from typing import Any

from django import forms
from django.http import QueryDict

from evently.accounts.models import Scope, User
from evently.accounts.operations.second_factors import LONGEST_CODE
from evently.accounts.security_models import LONGEST_PASSKEY_NAME
from evently.person_names import LONGEST_NAME
from evently.privacy.addresses import LONGEST_ADDRESS
from evently.time_zones import time_zone_choices

LONGEST_PASSWORD = 1024
PASSWORD_HELP = "At least 10 characters. A whole sentence works well."  # noqa: S105
# The page itself deletes accounts, so it gives no token for that.
ON_THE_PAGE = [choice for choice in Scope.choices if choice[0] != Scope.DELETE_ACCOUNT]
AS_IN_BROWSER = ("", "As in my browser")
LIFETIMES = (("30", "30 days"), ("90", "90 days"), ("365", "1 year"))


class NameField(forms.CharField):
    def __init__(self, **kwargs: Any) -> None:
        widget = forms.TextInput(attrs={"autocomplete": "name"})
        super().__init__(max_length=LONGEST_NAME, widget=widget, **{"label": "Name", **kwargs})


class AddressField(forms.CharField):
    """An email address; the operation validates it."""

    def __init__(self, **kwargs: Any) -> None:
        widget = forms.EmailInput(attrs={"autocomplete": "email"})
        super().__init__(
            max_length=LONGEST_ADDRESS, widget=widget, **{"label": "Email address", **kwargs}
        )


class PasswordField(forms.CharField):
    """A password, exactly as typed.

    autocomplete: current-password or new-password, for password managers.
    """

    def __init__(self, *, autocomplete: str, **kwargs: Any) -> None:
        widget = forms.PasswordInput(attrs={"autocomplete": autocomplete})
        super().__init__(
            max_length=LONGEST_PASSWORD,
            strip=False,
            widget=widget,
            **{"label": "Password", **kwargs},
        )


class CodeField(forms.CharField):
    """A code of an authenticator app, or a recovery code."""

    def __init__(self, **kwargs: Any) -> None:
        widget = forms.TextInput(
            attrs={"autocomplete": "one-time-code", "autocapitalize": "none", "spellcheck": "false"}
        )
        given = {
            "label": "Code",
            "help_text": "The 6 digits that your authenticator app shows, or a recovery code.",
        }
        super().__init__(max_length=LONGEST_CODE, widget=widget, **{**given, **kwargs})


class CodeForm(forms.Form):
    """The second step of logging in, which has nothing else to fill in."""

    code = CodeField()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["code"].widget.attrs["autofocus"] = True


class AppCodeForm(forms.Form):
    """The first code of an authenticator app, which confirms it."""

    code = CodeField(help_text="The 6 digits that your app shows now.")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["code"].widget.attrs["inputmode"] = "numeric"


class PasskeyForm(forms.Form):
    """Names a new passkey. The answer comes from the browser's script."""

    name = forms.CharField(
        label="Name of the new passkey",
        max_length=LONGEST_PASSKEY_NAME,
        help_text="Where it is, such as “My phone”.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )


class SignUpForm(forms.Form):
    name = NameField()
    email = AddressField()
    password = PasswordField(autocomplete="new-password", help_text=PASSWORD_HELP)


class EmailChangeForm(forms.Form):
    email = AddressField(label="New email address")
    current_password = PasswordField(autocomplete="current-password", label="Current password")


class LogInForm(forms.Form):
    email = AddressField()
    password = PasswordField(autocomplete="current-password")


class AddressForm(forms.Form):
    """Asks where to send a link."""

    email = AddressField()


class NewPasswordForm(forms.Form):
    """Sets a password, for the holder of an emailed link."""

    password = PasswordField(
        label="New password", autocomplete="new-password", help_text=PASSWORD_HELP
    )


class CurrentPasswordForm(forms.Form):
    """Asks for the account's password, as proof that the visitor set it."""

    password = PasswordField(autocomplete="current-password")


class ProfileForm(forms.Form):
    name = NameField()
    timezone = forms.ChoiceField(
        label="Time zone",
        required=False,
        help_text=(
            "Times of your account are in it. Also used when you join a waitlist: nights there do "
            "not count towards the time to claim an offer, until 12 hours before the event."
        ),
    )

    def __init__(self, data: QueryDict | None = None, *, user: User) -> None:
        super().__init__(data, initial={"name": user.name, "timezone": user.timezone})
        field = self.fields["timezone"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [AS_IN_BROWSER, *time_zone_choices(current=user.timezone)]


class KeepTokensForm(forms.Form):
    """Whether API tokens survive what ends all other sessions; asked only if there are any."""

    keep_tokens = forms.BooleanField(
        label="Keep my API tokens",
        required=False,
        help_text="Otherwise they are revoked, and programs that use them need new ones. "
        "Keep them only if no other person can have a copy.",
    )

    def __init__(self, *args: Any, has_tokens: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not has_tokens:
            del self.fields["keep_tokens"]

    @property
    def keeps_tokens(self) -> bool:
        """Whether the user chose to keep the API tokens; for a valid form."""
        return bool(self.cleaned_data.get("keep_tokens"))


class PasswordForm(KeepTokensForm):
    """Changes the password; a user who has none sets their first."""

    field_order = ("current_password", "password", "keep_tokens")

    current_password = PasswordField(label="Current password", autocomplete="current-password")
    password = PasswordField(label="New password", autocomplete="new-password")

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not user.has_usable_password():
            del self.fields["current_password"]


class TokenForm(forms.Form):
    """Creates an API token; only organizers may choose the scope `organize`."""

    token_name = forms.CharField(
        label="Name",
        max_length=100,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    scopes = forms.MultipleChoiceField(
        label="Scopes", choices=ON_THE_PAGE, widget=forms.CheckboxSelectMultiple
    )
    lifetime = forms.ChoiceField(label="Valid for", choices=LIFETIMES)

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not user.is_organizer:
            scopes = self.fields["scopes"]
            assert isinstance(scopes, forms.MultipleChoiceField)
            scopes.choices = [choice for choice in ON_THE_PAGE if choice[0] != Scope.ORGANIZE]

    @property
    def token_options(self) -> dict[str, Any]:
        """Return the arguments for `issue_token`: name, scopes, lifetime."""
        return {
            "name": self.cleaned_data["token_name"],
            "scopes": self.cleaned_data["scopes"],
            "lifetime": timedelta(days=int(self.cleaned_data["lifetime"])),
        }
