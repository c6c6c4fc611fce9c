"""How entries, offers and an event's figures look in the API."""

from typing import Any

from drf_spectacular.utils import extend_schema_serializer
from rest_framework import serializers

from evently.api.examples import ENTRY, ENTRY_REQUEST, PROMOTION
from evently.api.fields import MomentField, seats_field
from events.serializers import EventSummary
from waitlists.models import Promotion, WaitlistEntry


class NotifyPreferences(serializers.Serializer[Any]):
    """Which ways news of this entry may come; what is left out follows the person's own."""

    email = serializers.BooleanField(required=False)
    in_app = serializers.BooleanField(required=False)


@extend_schema_serializer(examples=[ENTRY_REQUEST])
class EntryRequest(serializers.Serializer[Any]):
    """A place in line to ask for."""

    event = serializers.UUIDField(source="event_id")
    quantity = seats_field(default=1)
    min_quantity = seats_field(
        required=False,
        allow_null=True,
        help_text="With how few seats one would do; by default all of them.",
    )
    auto_accept = serializers.BooleanField(
        default=False, help_text="Book at once when one's turn comes. Not available yet."
    )
    notify_prefs = NotifyPreferences(required=False, allow_null=True)


@extend_schema_serializer(examples=[ENTRY])
class EntryRepresentation(serializers.ModelSerializer[WaitlistEntry]):
    """One person's place in an event's line."""

    event = EventSummary(read_only=True)
    joined_at = MomentField(read_only=True)
    expires_at = MomentField(read_only=True, allow_null=True)
    notify_prefs = serializers.DictField(read_only=True)

    class Meta:
        model = WaitlistEntry
        fields = (
            "id",
            "event",
            "status",
            "position",
            "quantity",
            "min_quantity",
            "auto_accept",
            "unit_price",
            "priority_score",
            "priority_reason",
            "passed_over",
            "notify_prefs",
            "joined_at",
            "expires_at",
        )
        read_only_fields = fields
        extra_kwargs = {
            "position": {"help_text": "The rank in line, from 1; null unless waiting."},
            "unit_price": {"help_text": "The price on joining: the most that an offer costs."},
            "passed_over": {
                "help_text": "Offers made to later entries while this one did not fit."
            },
        }


class OfferFacts(serializers.ModelSerializer[Promotion]):
    """What an entry was offered, and how it ended."""

    promoted_at = MomentField(read_only=True)
    expires_at = MomentField(read_only=True)
    ended_at = MomentField(read_only=True, allow_null=True)

    class Meta:
        model = Promotion
        fields = (
            "id",
            "status",
            "quantity",
            "unit_price",
            "promoted_at",
            "expires_at",
            "ended_at",
            "promotion_reason",
            "booking",
        )
        read_only_fields = fields


class EntryReceipt(EntryRepresentation):
    """A place in line with the facts behind it."""

    offers = OfferFacts(many=True, read_only=True)
    line_length = serializers.IntegerField(
        read_only=True, help_text="How many wait for this event."
    )
    seats_returned_lately = serializers.IntegerField(
        read_only=True, help_text="Seats that came back in the last 14 days."
    )

    class Meta(EntryRepresentation.Meta):
        fields = (
            *EntryRepresentation.Meta.fields,
            "offers",
            "line_length",
            "seats_returned_lately",
        )  # type: ignore[assignment]
        read_only_fields = fields  # type: ignore[assignment]


@extend_schema_serializer(examples=[PROMOTION])
class PromotionRepresentation(OfferFacts):
    """An offer: seats held for one person until a time, at a price that is the most they pay."""

    event = EventSummary(read_only=True)

    class Meta(OfferFacts.Meta):
        fields = (
            "id",
            "waitlist",
            "event",
            *OfferFacts.Meta.fields[1:-1],
            "window_minutes",
            "booking",
        )  # type: ignore[assignment]
        read_only_fields = fields  # type: ignore[assignment]
