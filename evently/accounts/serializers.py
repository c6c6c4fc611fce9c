"""Serializers of users and their API tokens."""

from typing import Any

from django.conf import settings
from drf_spectacular.utils import (
    OpenApiExample,
    extend_schema_field,
    extend_schema_serializer,
)
from rest_framework import serializers

from evently.accounts.devices import device_of
from evently.accounts.models import DataExport, Role, Scope, User, UserSession
from evently.accounts.operations.email_allowance import emails_wait_until
from evently.accounts.operations.second_factors import LONGEST_CODE
from evently.accounts.preference_names import known_preferences
from evently.api.examples import USER_ID
from evently.api.fields import MomentField, TimeZoneField
from evently.api.strictness import StrictBody, suggestion
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
    "timezone": "Europe/Berlin",
    "deletion_due_at": None,
    "version": 2,
    "created_at": "2027-01-10T08:30:00.250000Z",
    "updated_at": "2027-01-11T17:02:10.900000Z",
}


class RegistrationRepresentation(serializers.Serializer[Any]):
    """The sign-up as received. It does not reveal whether the email address had an account."""

    email = serializers.CharField()
    name = serializers.CharField()
    detail = serializers.CharField(help_text="What happens next.")


class RegistrationRequest(StrictBody):
    """A sign-up."""

    shown_in = RegistrationRepresentation

    email = serializers.CharField(max_length=LONGEST_ADDRESS)
    name = serializers.CharField(max_length=LONGEST_NAME)
    password = serializers.CharField(
        max_length=LONGEST_PASSWORD,
        trim_whitespace=False,
        write_only=True,
        help_text="At least 10 characters, and not a commonly used password.",
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


class TokenRequest(StrictBody):
    """Email address and password, in exchange for a token."""

    shown_in = TokenRepresentation

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
    otp = serializers.CharField(
        max_length=LONGEST_CODE,
        default="",
        allow_blank=True,
        write_only=True,
        help_text="For an account with a second factor: the 6 digits that its authenticator app "
        "shows, or a recovery code. Each works once.",
    )


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "A session",
            value={
                "id": "0199c3ac-3f00-7b11-8a40-0c4d1e2f3a11",
                "device": "Firefox on Windows",
                "ip_address": "203.0.113.9",
                "started_at": "2027-03-01T18:02:11.250000Z",
                "last_seen_at": "2027-03-02T10:20:30.400000Z",
            },
            response_only=True,
        )
    ]
)
class SessionRepresentation(serializers.ModelSerializer[UserSession]):
    """A session of the current user on the pages."""

    device = serializers.SerializerMethodField(
        help_text="Browser and system, as the user agent names them."
    )
    started_at = MomentField(read_only=True)
    last_seen_at = MomentField(read_only=True, help_text="To within an hour.")

    class Meta:
        model = UserSession
        fields = ("id", "device", "ip_address", "started_at", "last_seen_at")
        read_only_fields = fields

    def get_device(self, session: UserSession) -> str:
        return device_of(session.user_agent)


class DataExportRepresentation(serializers.ModelSerializer[DataExport]):
    """A file of all data about the current user, requested or made."""

    requested_at = MomentField(read_only=True)
    ready_at = MomentField(read_only=True, allow_null=True)
    expires_at = MomentField(
        read_only=True, allow_null=True, help_text="The file is deleted at this time."
    )
    unread_months = serializers.SerializerMethodField(
        help_text="Months that the file lacks, since they could not be read, such as 2024-11."
    )

    class Meta:
        model = DataExport
        fields = (
            "id",
            "status",
            "requested_at",
            "ready_at",
            "expires_at",
            "size_bytes",
            "unread_months",
        )
        read_only_fields = fields

    def get_unread_months(self, export: DataExport) -> list[str]:
        return [f"{month:%Y-%m}" for month in export.unread_months]


class PreferencesField(serializers.JSONField):
    """A JSON object of notification types and, for each, of channels that are on or off."""

    default_error_messages = {
        "not_an_object": 'Must be an object, such as {{"waitlist_join": {{"email": false}}}}.',
        "unknown": "There is no such notification type.{suggestion}",
        "not_channels": 'Must be an object of channels, such as {{"email": false}}.',
        "unknown_channel": "There is no such channel: use {channels}.",
        "not_boolean": "Must be true or false.",
        "always_sent": "These notifications are always sent, so they cannot be turned off. {why}",
    }

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        if not isinstance(data, dict):
            self.fail("not_an_object")
        errors = {name: error for name in data if (error := self.error_of(name, data[name]))}
        if errors:
            raise serializers.ValidationError(errors)
        value: dict[str, Any] = data
        return value

    def error_of(self, name: str, channels: Any) -> Any:
        """Return what is wrong with the preferences of one notification type, or None."""
        known = known_preferences()
        if name not in known.types:
            return self.sentence("unknown", suggestion=suggestion(name, known.types))
        if not isinstance(channels, dict):
            return self.sentence("not_channels")
        names = ", ".join(known.channels)
        errors: dict[str, str] = {}
        for channel, wanted in channels.items():
            if channel not in known.channels:
                errors[channel] = self.sentence("unknown_channel", channels=names)
            elif not isinstance(wanted, bool):
                errors[channel] = self.sentence("not_boolean")
            elif name in known.always_sent and not wanted:
                errors[channel] = self.sentence("always_sent", why=known.always_sent[name])
        return errors or None

    def sentence(self, key: str, **values: str) -> str:
        return str(self.error_messages[key]).format(**values)


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
    timezone = serializers.CharField(
        read_only=True, help_text="Such as `Europe/Berlin`; empty: that of the browser."
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

    @extend_schema_field({"type": ["string", "null"], "format": "date-time"})
    def get_emails_wait_until(self, user: User) -> str | None:
        until = emails_wait_until(user)
        return None if until is None else str(MomentField().to_representation(until))


class ProfileChange(StrictBody):
    """A change of the current user; omitted fields stay as they are."""

    shown_in = UserRepresentation
    elsewhere = {
        "email": f"Change it on the account page, {settings.PUBLIC_URL}/account/.",
        "password": f"Change it on the account page, {settings.PUBLIC_URL}/account/.",
        "role": "Only a superuser can change it, in the admin.",
        "is_verified": "It becomes true when the link in the confirmation email is opened.",
        "emails_wait_until": "Emails are sent at once when the email address is confirmed.",
        "deletion_due_at": "Use `DELETE me/`, and `POST me/restore/` to keep the account.",
    }

    name = serializers.CharField(max_length=LONGEST_NAME, required=False)
    preferences = PreferencesField(
        required=False,
        help_text="By notification type, or under `all`: the channels `email` and `in_app`, on or "
        "off. They replace the preferences that are stored.",
    )
    timezone = TimeZoneField(
        required=False,
        help_text="Such as `Europe/Berlin`; empty: as your browser. Used for waitlists that you "
        "join from then on: nights there do not count towards the time to claim an offer, until "
        "12 hours before the event.",
    )
