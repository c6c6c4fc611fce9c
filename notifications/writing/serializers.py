"""Messages to attendees as the API reads and represents them."""

from typing import Any

from drf_spectacular.utils import extend_schema_field, extend_schema_serializer
from rest_framework import serializers

from evently.api.fields import MomentField
from evently.api.message_examples import (
    MESSAGE,
    MESSAGE_CHANGE,
    MESSAGE_DETAIL,
    MESSAGE_PREVIEW,
    MESSAGE_REQUEST,
)
from evently.api.strictness import StrictBody
from notifications.message_models import (
    LONGEST_BODY,
    LONGEST_SUBJECT,
    MOST_BOOKINGS,
    Audience,
    Hold,
    MessageState,
    OrganizerMessage,
)
from notifications.writing.audiences import Reach, reach_of
from notifications.writing.drafting import references_of
from notifications.writing.preview import MessagePreview
from notifications.writing.progress import Progress, progress_of
from notifications.writing.text import IN_BODY, IN_SUBJECT

AUDIENCES = ", ".join(f"`{one.value}`: {one.label[0].lower()}{one.label[1:]}" for one in Audience)
SUBJECT_HELP = "One line. Placeholders: " + ", ".join(f"`{{{name}}}`" for name in IN_SUBJECT) + "."
BODY_HELP = (
    "Plain text, in which web addresses become links. Placeholders: "
    + ", ".join(f"`{{{name}}}`" for name in IN_BODY)
    + "."
)
AUDIENCE_HELP = f"Who gets it, looked up when it is sent. {AUDIENCES}."
WRITTEN = ("event", "subject", "body", "audience")
BOOKINGS_HELP = "References, for the audience `bookings`; each goes to the person who booked."


@extend_schema_serializer(examples=[MESSAGE])
class MessageRepresentation(serializers.ModelSerializer[OrganizerMessage]):
    """A message to the attendees of an event, for those who manage the event."""

    event = serializers.UUIDField(source="event_id", read_only=True)
    subject = serializers.CharField(read_only=True, help_text=SUBJECT_HELP)
    body = serializers.CharField(read_only=True, help_text=BODY_HELP)
    audience = serializers.ChoiceField(
        choices=Audience.values, read_only=True, help_text=AUDIENCE_HELP
    )
    state = serializers.ChoiceField(
        choices=MessageState.choices,
        read_only=True,
        help_text="`sent`: all recipients are notified; emails may still wait.",
    )
    held = serializers.ChoiceField(
        source="hold",
        choices=Hold.values,
        read_only=True,
        help_text="Why it is a draft again though it was scheduled; empty otherwise.",
    )
    send_at = MomentField(read_only=True, allow_null=True)
    started_at = MomentField(read_only=True, allow_null=True)
    ended_at = MomentField(read_only=True, allow_null=True)
    recipients = serializers.IntegerField(
        read_only=True, help_text="How many people there were when sending began; 0 before."
    )
    notified = serializers.IntegerField(source="told", read_only=True)
    withdrawn = serializers.IntegerField(
        read_only=True, help_text="Emails that were taken back when it was stopped."
    )
    created_at = MomentField(read_only=True)
    updated_at = MomentField(read_only=True)

    class Meta:
        model = OrganizerMessage
        fields = (
            "id",
            "event",
            "subject",
            "body",
            "audience",
            "state",
            "held",
            "send_at",
            "started_at",
            "ended_at",
            "recipients",
            "notified",
            "withdrawn",
            "version",
            "created_at",
            "updated_at",
        )
        read_only_fields = fields


class ReachRepresentation(serializers.Serializer[Reach]):
    """How many people a message would reach now."""

    people = serializers.IntegerField()
    by_email = serializers.IntegerField()
    in_app = serializers.IntegerField(help_text="Of the others, in their notifications.")
    turned_off = serializers.IntegerField(help_text="They turned these messages off.")
    no_emails = serializers.IntegerField(help_text="They turned these emails off.")
    unreachable = serializers.IntegerField(help_text="Emails to their address come back.")


class ProgressRepresentation(serializers.Serializer[Progress]):
    """How far a message is, in people."""

    emailed = serializers.IntegerField(help_text="Emails handed over to a mail server.")
    waiting = serializers.IntegerField(help_text="Emails that wait.")
    failed = serializers.IntegerField(help_text="Emails that could not be sent.")
    in_app = serializers.IntegerField(help_text="In their notifications only.")
    turned_off = serializers.IntegerField(help_text="They turned these messages off.")
    percent = serializers.IntegerField()


@extend_schema_serializer(examples=[MESSAGE_DETAIL])
class MessageDetail(MessageRepresentation):
    """A message with its bookings, and whom it would reach, or has reached."""

    bookings = serializers.SerializerMethodField(help_text=BOOKINGS_HELP)
    reach = serializers.SerializerMethodField(help_text="Null once sending has begun.")
    progress = serializers.SerializerMethodField(help_text="Null before.")

    class Meta(MessageRepresentation.Meta):
        fields: Any = (*MessageRepresentation.Meta.fields, "bookings", "reach", "progress")
        read_only_fields: Any = fields

    @extend_schema_field(serializers.ListField(child=serializers.CharField()))
    def get_bookings(self, message: OrganizerMessage) -> list[str]:
        return references_of(message)

    @extend_schema_field(ReachRepresentation(allow_null=True))
    def get_reach(self, message: OrganizerMessage) -> dict[str, Any] | None:
        return None if message.is_begun else dict(ReachRepresentation(reach_of(message)).data)

    @extend_schema_field(ProgressRepresentation(allow_null=True))
    def get_progress(self, message: OrganizerMessage) -> dict[str, Any] | None:
        if not message.is_begun:
            return None
        return dict(ProgressRepresentation(progress_of(message)).data)


@extend_schema_serializer(examples=[MESSAGE_REQUEST])
class MessageRequest(StrictBody):
    """A new message to attendees."""

    shown_in = MessageRepresentation
    elsewhere = {
        "event": "It is the one of the path.",
        "state": "Use `POST …/send/`, `…/unschedule/` and `…/stop/`.",
        "send_at": "Send it to `POST …/send/`.",
    }

    subject = serializers.CharField(max_length=LONGEST_SUBJECT, help_text=SUBJECT_HELP)
    body = serializers.CharField(max_length=LONGEST_BODY, help_text=BODY_HELP)
    audience = serializers.ChoiceField(choices=Audience.values, help_text=AUDIENCE_HELP)
    bookings = serializers.ListField(
        child=serializers.CharField(max_length=40),
        max_length=MOST_BOOKINGS,
        default=list,
        help_text=BOOKINGS_HELP,
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        stored: Any = self.instance
        audience = attrs.get("audience", stored and stored.audience)
        if attrs.get("bookings") and audience != Audience.BOOKINGS:
            raise serializers.ValidationError(
                {"bookings": "Only for the audience `bookings`. Leave it out, or change that."}
            )
        return attrs


@extend_schema_serializer(examples=[MESSAGE_CHANGE])
class MessageChange(MessageRequest):
    """What is to be different about a message that is not being sent yet."""

    shown_in = MessageDetail


class SendMessageRequest(StrictBody):
    """When a message is to be sent."""

    shown_in = MessageRepresentation
    elsewhere = dict.fromkeys(WRITTEN, "It is as it was written.")

    send_at = MomentField(
        default=None,
        allow_null=True,
        help_text="Default: now. A message that is scheduled gets this time instead.",
    )


@extend_schema_serializer(examples=[MESSAGE_PREVIEW])
class MessagePreviewRepresentation(serializers.Serializer[MessagePreview]):
    """The email of a message, as you would get it now."""

    subject = serializers.CharField(help_text="With its placeholders filled.")
    text = serializers.CharField(help_text="The plain text part.")
    html = serializers.CharField(help_text="The HTML part. Show it in a sandboxed frame.")
    reply_to = serializers.CharField(help_text="Where replies go; empty for nowhere.")
    reach = ReachRepresentation(help_text="Whom it would reach now.")


class MessageTestRepresentation(serializers.Serializer[Any]):
    """Where a test went."""

    recipient = serializers.EmailField(help_text="Your email address.")
