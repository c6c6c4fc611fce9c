"""Emails of an event as the API shows them."""

from typing import Any

from drf_spectacular.utils import extend_schema_field, extend_schema_serializer
from rest_framework import serializers

from evently.api.fields import MomentField
from evently.api.message_examples import EMAIL, EMAIL_CONTENT, EMAIL_DETAIL
from notifications.failures import failure_in_words
from notifications.models import DeliveryStatus, EmailDelivery, EmailResend
from notifications.operations.resending import WAITING
from notifications.return_models import EmailReturn, ReturnOutcome
from notifications.sent_models import AttemptOutcome, EmailAttempt, SentEmail


class RecipientRepresentation(serializers.Serializer[Any]):
    """Who an email went to. Name and email address are empty once they are erased."""

    name = serializers.CharField(source="user.display_name", read_only=True)
    email = serializers.SerializerMethodField(
        help_text="That it went to; empty for people who have no seats and do not wait."
    )

    def get_email(self, email: EmailDelivery) -> str:
        return email.recipient if vars(email).get("takes_part") else ""


@extend_schema_serializer(examples=[EMAIL])
class EmailRepresentation(serializers.ModelSerializer[EmailDelivery]):
    event = serializers.UUIDField(source="event_id", read_only=True)
    kind = serializers.CharField(
        read_only=True, help_text="What it is about, as the `type` of a notification."
    )
    recipient = RecipientRepresentation(source="*", read_only=True)
    booking = serializers.CharField(
        source="metadata.reference",
        default="",
        read_only=True,
        help_text="The reference of the booking that it is about; empty for none.",
    )
    status = serializers.ChoiceField(
        choices=DeliveryStatus.choices,
        read_only=True,
        help_text="`held`: waits, as the address is unconfirmed; `merged`: a part of a later one.",
    )
    problem = serializers.SerializerMethodField(help_text="Why it failed or waits, in words.")
    provider = serializers.CharField(
        read_only=True, help_text="That took it, or was tried last, by its name in the settings."
    )
    attempts = serializers.IntegerField(source="send_attempts", read_only=True)
    last_attempt_at = MomentField(read_only=True, allow_null=True)
    next_attempt_at = serializers.SerializerMethodField(help_text="Null unless it still waits.")
    created_at = MomentField(read_only=True)

    class Meta:
        model = EmailDelivery
        fields = (
            "id",
            "event",
            "kind",
            "recipient",
            "booking",
            "status",
            "problem",
            "provider",
            "attempts",
            "last_attempt_at",
            "next_attempt_at",
            "created_at",
        )
        read_only_fields = fields

    def get_problem(self, email: EmailDelivery) -> str:
        return failure_in_words(email.error_message)

    @extend_schema_field(MomentField(allow_null=True))
    def get_next_attempt_at(self, email: EmailDelivery) -> str | None:
        if email.status not in WAITING:
            return None
        shown: str = MomentField().to_representation(email.next_attempt_at)
        return shown


class EmailAttemptRepresentation(serializers.ModelSerializer[EmailAttempt]):
    """One provider that was tried, and its answer without what names people."""

    outcome = serializers.ChoiceField(
        choices=AttemptOutcome.choices,
        read_only=True,
        help_text="`unknown`: it may have been sent; `withheld`: no provider was tried.",
    )
    created_at = MomentField(read_only=True)

    class Meta:
        model = EmailAttempt
        fields = ("number", "provider", "outcome", "code", "answer", "created_at")
        read_only_fields = fields


class EmailReturnRepresentation(serializers.ModelSerializer[EmailReturn]):
    """A report of a mail server about an email."""

    outcome = serializers.ChoiceField(choices=ReturnOutcome.choices, read_only=True)
    reason = serializers.CharField(read_only=True, help_text="Empty where none is known.")
    is_permanent = serializers.BooleanField(
        read_only=True, help_text="Whether the address takes no emails later either."
    )
    occurred_at = MomentField(read_only=True)

    class Meta:
        model = EmailReturn
        fields = ("outcome", "reason", "code", "is_permanent", "occurred_at")
        read_only_fields = fields


class EmailResendRepresentation(serializers.ModelSerializer[EmailResend]):
    """That an email was sent again at somebody's request."""

    is_new_email = serializers.SerializerMethodField(
        help_text="Whether a new email was made, as this one had been sent."
    )
    created_at = MomentField(read_only=True)

    class Meta:
        model = EmailResend
        fields = ("is_new_email", "created_at")
        read_only_fields = fields

    def get_is_new_email(self, resend: EmailResend) -> bool:
        return resend.notification_id is not None


class EmailCopyRepresentation(serializers.ModelSerializer[SentEmail]):
    """A copy of what an email said, each time that it was sent."""

    sent_at = MomentField(source="created_at", read_only=True)

    class Meta:
        model = SentEmail
        fields = ("id", "sent_at")
        read_only_fields = fields


@extend_schema_serializer(examples=[EMAIL_DETAIL])
class EmailDetail(EmailRepresentation):
    """An email with all attempts to send it, and what came back."""

    tries = EmailAttemptRepresentation(many=True, read_only=True)
    returns = EmailReturnRepresentation(many=True, read_only=True)
    resends = EmailResendRepresentation(many=True, read_only=True)
    copies = EmailCopyRepresentation(
        many=True, read_only=True, help_text="Of what it said, for `…/content/`; kept for a time."
    )

    class Meta(EmailRepresentation.Meta):
        fields = (  # type: ignore[assignment]
            *EmailRepresentation.Meta.fields,
            "tries",
            "returns",
            "resends",
            "copies",
        )
        read_only_fields = fields  # type: ignore[assignment]


class KeptFileRepresentation(serializers.Serializer[Any]):
    """An attachment, whose content is not kept."""

    name = serializers.CharField()
    content_type = serializers.CharField()
    bytes = serializers.IntegerField(help_text="Its size.")


@extend_schema_serializer(examples=[EMAIL_CONTENT])
class EmailContentRepresentation(serializers.Serializer[Any]):
    """What an email said when it was sent, without its links and codes."""

    email = serializers.UUIDField(source="pk")
    copy = serializers.UUIDField(source="copy_row.pk")
    sent_at = MomentField(source="copy_row.created_at")
    subject = serializers.CharField(source="copy.subject")
    sender = serializers.CharField(source="copy.sender")
    recipient = serializers.SerializerMethodField(
        help_text="Empty for people who have no seats and do not wait."
    )
    reply_to = serializers.CharField(source="copy.reply_to", help_text="Empty for nowhere.")
    text = serializers.CharField(source="copy.text", help_text="The plain text part.")
    html = serializers.CharField(
        source="copy.html", help_text="The HTML part. Show it in a sandboxed frame."
    )
    files = KeptFileRepresentation(source="copy.files", many=True)

    def get_recipient(self, email: Any) -> str:
        return str(email.copy.recipient) if vars(email).get("takes_part") else ""
