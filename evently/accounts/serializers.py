"""How people and their tokens look in the API."""

from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers

from evently.accounts.models import Role, Scope
from evently.api.examples import USER_ID
from evently.api.fields import MomentField
from evently.privacy.addresses import LONGEST_ADDRESS, LONGEST_NAME

LONGEST_PASSWORD = 1024
USER_VALUE = {
    "id": USER_ID,
    "email": "ada@example.org",
    "name": "Ada Lovelace",
    "role": "user",
    "is_verified": True,
    "preferences": {"waitlist_join": {"email": False}},
    "version": 2,
    "created_at": "2027-01-10T08:30:00.250000Z",
    "updated_at": "2027-01-11T17:02:10.900000Z",
}


class RegistrationRequest(serializers.Serializer[Any]):
    """Somebody who signs up."""

    email = serializers.CharField(max_length=LONGEST_ADDRESS)
    name = serializers.CharField(max_length=LONGEST_NAME)
    password = serializers.CharField(
        max_length=LONGEST_PASSWORD,
        trim_whitespace=False,
        write_only=True,
        help_text="At least 10 characters, and none that everybody uses.",
    )


class RegistrationRepresentation(serializers.Serializer[Any]):
    """What was asked for. It does not tell whether the address had an account before."""

    email = serializers.CharField()
    name = serializers.CharField()
    detail = serializers.CharField(help_text="What happens next.")


class TokenRequest(serializers.Serializer[Any]):
    """A password, for a token that stands in for it."""

    email = serializers.CharField(max_length=LONGEST_ADDRESS)
    password = serializers.CharField(
        max_length=LONGEST_PASSWORD, trim_whitespace=False, write_only=True
    )
    scopes = serializers.ListField(
        child=serializers.ChoiceField(choices=Scope.choices),
        required=False,
        allow_empty=False,
        max_length=len(Scope.values),
        help_text="By default `read` and `book`, and for organizers `organize`.",
    )
    name = serializers.CharField(
        max_length=100, default="API", help_text="What its owner sees in the list of tokens."
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
    """A new token. It is shown now and never again."""

    token = serializers.CharField(source="secret")
    expires_at = MomentField(source="token.expires_at")
    scopes = serializers.ListField(
        child=serializers.ChoiceField(choices=Scope.choices), source="token.scopes"
    )


class PreferencesField(serializers.JSONField):
    """A JSON object; the operation says what it may hold."""

    default_error_messages = {"not_an_object": "Preferences are a JSON object."}

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        """Return the object."""
        if not isinstance(data, dict):
            self.fail("not_an_object")
        value: dict[str, Any] = data
        return value


@extend_schema_serializer(examples=[OpenApiExample("A person", value=USER_VALUE)])
class UserRepresentation(serializers.Serializer[Any]):
    """Oneself."""

    id = serializers.UUIDField(read_only=True)
    email = serializers.CharField(read_only=True)
    name = serializers.CharField(read_only=True)
    role = serializers.ChoiceField(choices=Role.choices, read_only=True)
    is_verified = serializers.BooleanField(
        read_only=True, help_text="Whether the address was shown to be theirs."
    )
    preferences = serializers.DictField(
        read_only=True,
        help_text='Channels by message type, such as `{"waitlist_join": {"email": false}}`.',
    )
    version = serializers.IntegerField(read_only=True)
    created_at = MomentField(read_only=True)
    updated_at = MomentField(read_only=True)


class ProfileChange(serializers.Serializer[Any]):
    """What a person changes about themselves; what is left out stays."""

    name = serializers.CharField(max_length=LONGEST_NAME, required=False)
    preferences = PreferencesField(required=False)
