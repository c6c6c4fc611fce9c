"""Notifications in the API."""

from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers

from evently.api.examples import BOOKING_ID, EVENT_ID
from evently.api.fields import MomentField
from evently.api.message_examples import RECEIVED_MESSAGE
from evently.api.strictness import StrictBody
from notifications.kinds import KIND_CHOICES, KINDS
from notifications.models import Channel, Notification
from notifications.writing.received import ReceivedMessage

NOTIFICATION = OpenApiExample(
    "A notification",
    value={
        "id": "0199c3ac-3f00-7b11-8a40-0c4d1e2f3a07",
        "type": "booking_confirm",
        "message": (
            "You have 2 seats for Piano at the Old Mill, Sat 1 May 2027, 19:00 CEST. "
            "Your reference is EVT20270302K7Q2M9XW4B."
        ),
        "event": EVENT_ID,
        "about": {"booking": BOOKING_ID, "reference": "EVT20270302K7Q2M9XW4B"},
        "channels": ["in_app", "email"],
        "status": "sent",
        "read": False,
        "created_at": "2027-03-02T10:20:30.400000Z",
        "sent_at": "2027-03-02T10:20:31.100000Z",
        "delivered_at": None,
    },
    response_only=True,
)


@extend_schema_serializer(examples=[NOTIFICATION])
class NotificationRepresentation(serializers.ModelSerializer[Notification]):
    """A notification of the current user."""

    type = serializers.ChoiceField(choices=KIND_CHOICES, read_only=True)
    event = serializers.UUIDField(source="event_id", read_only=True, allow_null=True)
    about = serializers.DictField(
        source="data",
        read_only=True,
        help_text=(
            "Ids of what it concerns: `booking`, `entry`, `promotion`, `message`. About a "
            "waitlist, also `record`: the head of its public record at that time."
        ),
    )
    channels = serializers.ListField(
        child=serializers.ChoiceField(choices=Channel.choices), read_only=True
    )
    created_at = MomentField(read_only=True)
    sent_at = MomentField(read_only=True, allow_null=True)
    delivered_at = MomentField(read_only=True, allow_null=True)

    class Meta:
        model = Notification
        fields = (
            "id",
            "type",
            "message",
            "event",
            "about",
            "channels",
            "status",
            "read",
            "created_at",
            "sent_at",
            "delivered_at",
        )
        read_only_fields = fields


class ReadAllRepresentation(serializers.Serializer[Any]):
    marked = serializers.IntegerField(min_value=0, help_text="How many were unread.")


# ── What a user wants to hear of one event ──────────────────────────────────
SWITCHES = OpenApiExample(
    "No emails about changes",
    value={"changes": {"email": False}},
    request_only=True,
)
ALL_SWITCHES = OpenApiExample(
    "What is sent",
    value={
        "reminders": {"in_app": True, "email": True},
        "changes": {"in_app": True, "email": False},
        "messages": {"in_app": True, "email": True},
        "always_sent": ["booking_confirm", "cancellation", "event_cancelled"],
    },
    response_only=True,
)
ALWAYS_SENT = {
    kind.name: str(need.label) for kind in KINDS.values() if (need := kind.needed_for) is not None
}


class ChannelSwitches(StrictBody):
    """Whether messages are sent through each channel; what is left out stays."""

    in_app = serializers.BooleanField(required=False)
    email = serializers.BooleanField(required=False)


@extend_schema_serializer(examples=[ALL_SWITCHES])
class EventMessagesRepresentation(serializers.Serializer[Any]):
    """Which messages about an event the current user gets, if `preferences` allow them, too."""

    reminders = ChannelSwitches(read_only=True, help_text="That it is coming up.")
    changes = ChannelSwitches(read_only=True, help_text="A new name, time or venue.")
    messages = ChannelSwitches(
        read_only=True, help_text="What its organizer writes, and thanks afterwards."
    )
    always_sent = serializers.ListField(
        child=serializers.CharField(),
        read_only=True,
        help_text="Types of notifications that cannot be turned off.",
    )


@extend_schema_serializer(examples=[SWITCHES])
class EventMessagesChange(StrictBody):
    """What to turn on and off for an event."""

    shown_in = EventMessagesRepresentation
    elsewhere = {
        "always_sent": "They cannot be turned off.",
        **{name: f"These messages are always sent. {why}" for name, why in ALWAYS_SENT.items()},
    }

    reminders = ChannelSwitches(required=False)
    changes = ChannelSwitches(required=False)
    messages = ChannelSwitches(required=False)


@extend_schema_serializer(examples=[RECEIVED_MESSAGE])
class ReceivedMessageRepresentation(serializers.Serializer[ReceivedMessage]):
    """What the organizer of an event has written to the current user."""

    event = serializers.UUIDField(source="event.pk")
    organizer = serializers.CharField(help_text="The name of the organizer; may be empty.")
    subject = serializers.CharField()
    text = serializers.CharField(help_text="As plain text.")
    html = serializers.CharField(
        source="body", help_text="With links and line breaks; anything else is escaped in it."
    )
    received_at = MomentField()
