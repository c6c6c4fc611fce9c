"""Serializers of users and their API tokens."""

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import (
    OpenApiExample,
    extend_schema_field,
    extend_schema_serializer,
)
from rest_framework import serializers

from evently.accounts.models import Role, Scope, User
from evently.accounts.operations.email_allowance import emails_wait_until
from evently.api.examples import USER_ID
from evently.api.fields import MomentField
from evently.person_names import LONGEST_NAME
from evently.privacy.addresses import LONGEST_ADDRESS

LONGEST_PASSWORD = 1024
USER_VALUE = {
    "id": USER_ID,
    "email": "ada@example.org",
    "name": "Ada Lovelace",
    "role": "user",
    "is_verified": True,
    "emails_wait_until": None,
    "preferences": {"waitlist_join": {"email": False}},
    "deletion_due_at": None,
    "version": 2,
    "created_at": "2027-01-10T08:30:00.250000Z",
    "updated_at": "2027-01-11T17:02:10.900000Z",
}


class RegistrationRequest(serializers.Serializer[Any]):
    """A sign-up."""

    email = serializers.CharField(max_length=LONGEST_ADDRESS)
    name = serializers.CharField(max_length=LONGEST_NAME)
    password = serializers.CharField(
        max_length=LONGEST_PASSWORD,
        trim_whitespace=False,
        write_only=True,
        help_text="At least 10 characters, and not a commonly used password.",
    )


class RegistrationRepresentation(serializers.Serializer[Any]):
    """The sign-up as received. It does not reveal whether the email address had an account."""

    email = serializers.CharField()
    name = serializers.CharField()
    detail = serializers.CharField(help_text="What happens next.")


class TokenRequest(serializers.Serializer[Any]):
    """Email address and password, in exchange for a token."""

    email = serializers.CharField(max_length=LONGEST_ADDRESS)
    password = serializers.CharField(
        max_length=LONGEST_PASSWORD, trim_whitespace=False, write_only=True
    )
    scopes = serializers.ListField(
        child=serializers.ChoiceField(choices=Scope.choices),
        required=False,
        allow_empty=False,
        max_length=len(Scope.values),
        help_text="Default: `read` and `book`, for organizers also `organize`. A token with "
        "`delete_account` works for an hour.",
    )
    name = serializers.CharField(
        max_length=100, default="API", help_text="The name shown in your list of tokens."
    )


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "A token",
            value={
                "token": "evt_5yGm1Jt0Zk3q9XbW7dPzR2nVhU8cLsKfA4eTiOxQyMg",
                "expires_at": "2027-04-01T09:00:00Z",
                "scopes": ["book", "read"],
            },
            response_only=True,
        )
    ]
)
class TokenRepresentation(serializers.Serializer[Any]):
    """A new token. It is shown only once."""

    token = serializers.CharField(source="secret")
    expires_at = MomentField(source="token.expires_at")
    scopes = serializers.ListField(
        child=serializers.ChoiceField(choices=Scope.choices), source="token.scopes"
    )


class PreferencesField(serializers.JSONField):
    """A JSON object; the operation validates its content."""

    default_error_messages = {"not_an_object": "Preferences must be a JSON object."}

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        if not isinstance(data, dict):
            self.fail("not_an_object")
        value: dict[str, Any] = data
        return value


@extend_schema_serializer(examples=[OpenApiExample("A user", value=USER_VALUE)])
class UserRepresentation(serializers.Serializer[Any]):
    """The current user."""

    id = serializers.UUIDField(read_only=True)
    email = serializers.CharField(read_only=True)
    name = serializers.CharField(read_only=True)
    role = serializers.ChoiceField(choices=Role.choices, read_only=True)
    is_verified = serializers.BooleanField(
        read_only=True, help_text="Whether the email address has been confirmed."
    )
    emails_wait_until = serializers.SerializerMethodField(
        help_text=(
            "Until when emails wait: an email address that has not been confirmed gets only a few "
            "an hour. `null`: they are sent at once."
        ),
    )
    preferences = serializers.DictField(
        read_only=True,
        help_text='Channels by message type, such as `{"waitlist_join": {"email": false}}`.',
    )
    deletion_due_at = MomentField(
        read_only=True,
        allow_null=True,
        help_text="When the account will be deleted, if you requested that; "
        "until then `POST me/restore/` keeps it.",
    )
    version = serializers.IntegerField(read_only=True)
    created_at = MomentField(read_only=True)
    updated_at = MomentField(read_only=True)

    @extend_schema_field(OpenApiTypes.DATETIME)
    def get_emails_wait_until(self, user: User) -> str | None:
        until = emails_wait_until(user)
        return None if until is None else str(MomentField().to_representation(until))


class ProfileChange(serializers.Serializer[Any]):
    """A change of the current user; omitted fields stay as they are."""

    name = serializers.CharField(max_length=LONGEST_NAME, required=False)
    preferences = PreferencesField(required=False)
