"""The public record of a waitlist in the API."""

from typing import Any

from drf_spectacular.utils import extend_schema_serializer
from rest_framework import serializers

from evently.api.examples import RECORD, RECORD_SUMMARY
from evently.api.fields import MomentField
from waitlists.models import RecordKind

HASH = "SHA-256, in hexadecimal."


class RecordRepresentation(serializers.Serializer[Any]):
    """One record. Which members it has depends on its kind; none is ever null."""

    at = MomentField(help_text="With six digits of the second: as it was hashed.")
    beacon = serializers.CharField(
        required=False, help_text="Of a draw: the name of its random value, later the value."
    )
    capacity = serializers.IntegerField(required=False, help_text="Seats of the event.")
    cause = serializers.IntegerField(
        required=False, help_text="The `seq` of the record that freed the seats."
    )
    commitment = serializers.CharField(
        required=False, help_text=f"{HASH} Of the secret of a draw that was announced."
    )
    confirmed = serializers.BooleanField(
        required=False, help_text="Whether the place can be offered seats."
    )
    due = MomentField(required=False, help_text="When the random value of a draw exists.")
    free = serializers.IntegerField(required=False, help_text="Free seats after this record.")
    hash = serializers.CharField(
        help_text=f"{HASH} Of this record without `hash`, as RFC 8785 JSON."
    )
    kind = serializers.ChoiceField(choices=RecordKind.choices)
    least = serializers.IntegerField(required=False, help_text="The fewest seats accepted.")
    list = serializers.CharField(
        required=False, help_text=f"{HASH} Of the list of a draw, when it was closed."
    )
    lots = serializers.IntegerField(required=False, help_text="Entries on this list.")
    position = serializers.IntegerField(required=False, help_text="From 1, after this record.")
    prev = serializers.CharField(
        help_text=f"{HASH} Of the record before; of the first record, that of the event's id."
    )
    rank = MomentField(required=False, help_text="The time that the place is ranked by.")
    reason = serializers.CharField(required=False)
    ref = serializers.CharField(
        required=False, help_text="The pseudonym of one joining: 16 hexadecimal digits."
    )
    score = serializers.IntegerField(
        required=False, help_text="The priority: higher ones come first."
    )
    seats = serializers.IntegerField(required=False)
    secret = serializers.CharField(required=False, help_text="Revealed when the order is drawn.")
    seq = serializers.IntegerField(help_text="From 1, without gaps.")
    skips = serializers.IntegerField(
        required=False,
        help_text="Passes until a place reserves; 0 for strict order, absent without a limit.",
    )
    until = MomentField(required=False)

    def to_representation(self, instance: Any) -> dict[str, Any]:
        """Return a record as it is: its times are text already, as they were hashed."""
        return dict(instance)


@extend_schema_serializer(examples=[RECORD])
class RecordDocument(serializers.Serializer[Any]):
    """The whole record of a waitlist that has closed, with one record per line."""

    format = serializers.ChoiceField(choices=["evently-line-record-1"])
    event = serializers.UUIDField()
    records = RecordRepresentation(many=True)


class HeadRepresentation(serializers.Serializer[Any]):
    """The last record of a waitlist. Keep it: it shows later that nothing before was changed."""

    seq = serializers.IntegerField(help_text="Its number; 0 before the first record.")
    hash = serializers.CharField(help_text=HASH)


class CountsRepresentation(serializers.Serializer[Any]):
    """Places and offers in numbers: of now, and (from `joined` on) since the first record."""

    waiting = serializers.IntegerField()
    confirmed = serializers.IntegerField(help_text="Those waiting that can be offered seats.")
    offers_open = serializers.IntegerField()
    joined = serializers.IntegerField()
    offered = serializers.IntegerField()
    used = serializers.IntegerField(help_text="Offers that were claimed.")
    declined = serializers.IntegerField()
    lapsed = serializers.IntegerField(help_text="Offers that ran out.")
    left = serializers.IntegerField(help_text="Places that were left, or closed without an offer.")
    overrides = serializers.IntegerField(
        help_text="How often the organizer moved a place, or offered seats out of order."
    )


class RulesRepresentation(serializers.Serializer[Any]):
    """The rules in force."""

    max_passes = serializers.IntegerField(
        allow_null=True,
        help_text="Passes until a place reserves seats: 0 for strict order, null without a limit.",
    )
    place_limit = serializers.IntegerField(help_text="The most seats of one place.")
    closes_at = MomentField()


@extend_schema_serializer(examples=[RECORD_SUMMARY])
class RecordSummaryRepresentation(serializers.Serializer[Any]):
    """What is public of a record while its waitlist is open."""

    event = serializers.UUIDField(source="event_id")
    head = HeadRepresentation()
    counts = CountsRepresentation()
    rules = RulesRepresentation()
    own = RecordRepresentation(
        many=True, help_text="The records about yourself; needs a token with the scope `read`."
    )
