"""Emails that are sent again together, as the API reads and represents them."""

from typing import Any

from drf_spectacular.utils import extend_schema_serializer
from rest_framework import serializers

from evently.api.fields import MomentField
from evently.api.message_examples import RESEND_RUN, RESEND_RUN_REQUEST
from evently.api.strictness import StrictBody
from notifications.failures import TURNED_OFF
from notifications.kinds import KIND_CHOICES
from notifications.models import ResendRun
from notifications.return_models import SuppressionReason

MOST_IDS = 1_000
ONE_OF = "Send `emails`, or `failed` as true: one of the two."
REASONS = ", ".join(f"`{reason}`" for reason in (*SuppressionReason.values, TURNED_OFF))


@extend_schema_serializer(examples=[RESEND_RUN])
class ResendRunRepresentation(serializers.ModelSerializer[ResendRun]):
    """How far it is to send emails of an event again, and what became of them."""

    event = serializers.UUIDField(source="event_id", read_only=True)
    total = serializers.SerializerMethodField(help_text="How many emails were asked for.")
    done = serializers.IntegerField(read_only=True, help_text="How many were dealt with so far.")
    sent = serializers.IntegerField(read_only=True, help_text="They will be sent again.")
    waiting = serializers.IntegerField(read_only=True, help_text="They wait to be sent anyway.")
    too_often = serializers.IntegerField(
        read_only=True, help_text="Sent again several times already: try again in an hour."
    )
    gone = serializers.IntegerField(
        read_only=True, help_text="Obsolete or erased: they cannot be sent any more."
    )
    suppressed = serializers.DictField(
        child=serializers.IntegerField(),
        read_only=True,
        help_text="How many were left out, as the address or the person gets none, by reason: "
        f"{REASONS}.",
    )
    created_at = MomentField(read_only=True)
    finished_at = MomentField(read_only=True, allow_null=True)

    class Meta:
        model = ResendRun
        fields = (
            "id",
            "event",
            "total",
            "done",
            "sent",
            "waiting",
            "too_often",
            "gone",
            "suppressed",
            "created_at",
            "finished_at",
        )
        read_only_fields = fields

    def get_total(self, run: ResendRun) -> int:
        total = vars(run).get("total")
        return len(run.delivery_ids) if total is None else int(total)


@extend_schema_serializer(examples=[RESEND_RUN_REQUEST])
class ResendRunRequest(StrictBody):
    """Which emails are to be sent again."""

    shown_in = ResendRunRepresentation
    elsewhere = {"event": "It is the one of the path."}

    emails = serializers.ListField(
        child=serializers.UUIDField(),
        max_length=MOST_IDS,
        required=False,
        help_text=f"Ids of emails of the event, at most {MOST_IDS:,}.",
    )
    failed = serializers.BooleanField(
        required=False, help_text="true: all that failed or bounced, at most 50,000."
    )
    kind = serializers.ChoiceField(
        choices=KIND_CHOICES, required=False, help_text="Of those that failed, this kind only."
    )
    provider = serializers.CharField(
        max_length=100, required=False, help_text="Of those that failed, this provider's only."
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if bool(attrs.get("emails")) == bool(attrs.get("failed")):
            raise serializers.ValidationError({"emails": ONE_OF})
        if attrs.get("emails"):
            narrowed = [name for name in ("kind", "provider") if name in attrs]
            if narrowed:
                raise serializers.ValidationError(dict.fromkeys(narrowed, "Only with `failed`."))
        return attrs
