"""Waitlist entries and offers in the API."""

from drf_spectacular.utils import extend_schema_serializer
from rest_framework import serializers

from bookings.serializers import AttendeeRepresentation, BookingRepresentation
from evently.api.examples import ACCEPT_REQUEST, ENTRY, ENTRY_REQUEST, PROMOTION
from evently.api.fields import (
    AmountsMixin,
    MomentField,
    TimeZoneField,
    price_field,
    seats_field,
)
from evently.api.strictness import StrictBody
from events.serializers import EventSummary
from waitlists.models import MOST_LAPSES, Promotion, WaitlistEntry
from waitlists.queries import RECENT
from waitlists.record.serializers import RecordRepresentation


class NotifyPreferences(StrictBody):
    """Channels for notifications about this entry; omitted ones follow the user's preferences."""

    email = serializers.BooleanField(required=False)
    in_app = serializers.BooleanField(required=False)


@extend_schema_serializer(examples=[ENTRY])
class EntryRepresentation(AmountsMixin, serializers.ModelSerializer[WaitlistEntry]):
    """A user's entry on the waitlist of an event."""

    amounts = ("unit_price",)

    event = EventSummary(read_only=True)
    confirmed = serializers.BooleanField(
        source="is_confirmed",
        read_only=True,
        help_text="Whether seats can be offered to it: the email address was proved, or the place "
        "was confirmed by the link that was emailed for it. Until then it keeps its position.",
    )
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
            "confirmed",
            "priority_score",
            "priority_reason",
            "passed_over",
            "lapses",
            "draw_place",
            "notify_prefs",
            "timezone",
            "joined_at",
            "expires_at",
        )
        read_only_fields = fields
        extra_kwargs = {
            "position": {"help_text": "The position on the waitlist, from 1; null unless waiting."},
            "unit_price": {"help_text": "Price per seat on joining; an offer costs this or less."},
            "timezone": {
                "help_text": "Your own, such as `Europe/Berlin`; empty if it is not known."
            },
            "lapses": {
                "help_text": "Offers for this event that ran out, or were declined after more than "
                "half of their time. Joining again ranks behind entries with fewer; after "
                f"{MOST_LAPSES}, joining answers `offers_lapsed`."
            },
            "draw_place": {
                "help_text": "Its place in the draw of the event, from 1; null if it had no lot."
            },
            "passed_over": {
                "help_text": "Offers to later entries while too few seats were free for this one."
            },
        }


@extend_schema_serializer(examples=[ENTRY_REQUEST])
class EntryRequest(StrictBody):
    """A request to join the waitlist of an event. With a price, send the one that was shown."""

    shown_in = EntryRepresentation

    event = serializers.UUIDField(source="event_id")
    quantity = seats_field(default=1)
    min_quantity = seats_field(
        required=False,
        allow_null=True,
        help_text="The fewest seats you would accept; by default all of them.",
    )
    unit_price = price_field(
        required=False,
        allow_null=True,
        help_text="The price per seat that was shown. Refused if the price has risen since. An "
        "offer costs at most the price on joining.",
    )
    auto_accept = serializers.BooleanField(
        default=False, help_text="Book automatically instead of making an offer. Not available yet."
    )
    notify_prefs = NotifyPreferences(required=False, allow_null=True)
    timezone = TimeZoneField(
        required=False,
        help_text="The attendee's, such as `Europe/Berlin`; by default that of the account. Nights "
        "there do not count towards the time to claim an offer, until 12 hours before the event.",
    )


class EntryChange(StrictBody):
    """A change of a waiting entry, which keeps its position."""

    shown_in = EntryRepresentation
    elsewhere = dict.fromkeys(
        ("quantity", "unit_price", "auto_accept", "notify_prefs", "timezone"),
        "Leave the waitlist and join it again to change this; you then start at its end.",
    )

    min_quantity = seats_field(
        help_text="The fewest seats you would accept; no more than the entry accepts now."
    )


@extend_schema_serializer(examples=[ACCEPT_REQUEST])
class AcceptRequest(StrictBody):
    """How many of the offered seats to book."""

    shown_in = BookingRepresentation

    quantity = serializers.IntegerField(
        required=False,
        min_value=1,
        max_value=10,
        help_text="By default all of them. If fewer, the others go to the next entries at once, "
        "and the entry ends.",
    )


class OfferFacts(AmountsMixin, serializers.ModelSerializer[Promotion]):
    """An offer made to an entry, and how it ended."""

    amounts = ("unit_price",)

    promoted_at = MomentField(read_only=True)
    expires_at = MomentField(read_only=True)
    ended_at = MomentField(read_only=True, allow_null=True)
    accepted_quantity = serializers.IntegerField(
        source="seats_accepted",
        read_only=True,
        allow_null=True,
        help_text="How many of the seats were booked; null unless the offer was accepted.",
    )

    class Meta:
        model = Promotion
        fields = (
            "id",
            "status",
            "quantity",
            "accepted_quantity",
            "unit_price",
            "promoted_at",
            "expires_at",
            "ended_at",
            "promotion_reason",
            "booking",
        )
        read_only_fields = fields


class EntryReceipt(EntryRepresentation):
    """A waitlist entry with its offers, its part of the public record, and figures."""

    ref = serializers.CharField(
        read_only=True,
        allow_null=True,
        help_text="Its pseudonym in the public record, new each time that you join.",
    )
    draw_lots = serializers.IntegerField(
        read_only=True,
        allow_null=True,
        help_text="The lots of the draw that it has a place in: “place 47 of 312”.",
    )
    record = RecordRepresentation(
        many=True, read_only=True, help_text="The records about it, in order."
    )
    passes = serializers.IntegerField(
        read_only=True, help_text="Offers and public sales that passed it, since they count."
    )
    reserves = serializers.BooleanField(
        read_only=True,
        help_text="Whether seats are kept for it, as it was passed as often as the event allows.",
    )
    offers = OfferFacts(many=True, read_only=True)
    line_length = serializers.IntegerField(
        read_only=True, help_text="The number of entries that wait for this event."
    )
    seats_returned_lately = serializers.IntegerField(
        read_only=True, help_text=f"Seats of this event cancelled in the last {RECENT.days} days."
    )

    class Meta(EntryRepresentation.Meta):
        fields = (
            *EntryRepresentation.Meta.fields,
            "ref",
            "draw_lots",
            "record",
            "passes",
            "reserves",
            "offers",
            "line_length",
            "seats_returned_lately",
        )  # type: ignore[assignment]
        read_only_fields = fields  # type: ignore[assignment]


@extend_schema_serializer(examples=[PROMOTION])
class PromotionRepresentation(OfferFacts):
    """An offer: seats held for a user until it expires, at `unit_price` per seat or less."""

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


class EventEntryRepresentation(EntryRepresentation):
    """A waitlist entry as those who manage its event see it."""

    event = serializers.UUIDField(source="event_id", read_only=True)  # type: ignore[assignment]
    attendee = AttendeeRepresentation(source="user", read_only=True)

    class Meta(EntryRepresentation.Meta):
        # How attendees wish to be asked is theirs.
        fields = (
            *(name for name in EntryRepresentation.Meta.fields if name != "timezone"),
            "attendee",
        )  # type: ignore[assignment]
        read_only_fields = fields  # type: ignore[assignment]
