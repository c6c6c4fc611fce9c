"""Quotes and price changes as the API reads and represents them."""

from typing import Any

from drf_spectacular.utils import extend_schema_serializer
from rest_framework import serializers

from evently.api.examples import PRICE_CHANGE, QUOTE
from evently.api.fields import AmountsMixin, MomentField, amount_text, price_field, seats_field
from evently.api.strictness import StrictBody
from events.models import PriceChange
from events.moving_price import NextRise
from events.price_models import ChangedBy


@extend_schema_serializer(examples=[QUOTE])
class QuoteRepresentation(AmountsMixin, serializers.Serializer[Any]):
    """The most that its holder pays until it expires. A quote does not hold seats."""

    amounts = ("unit_price", "total_amount")
    currency_source = "currency"

    quote = serializers.CharField(source="token", help_text="Send it with the booking.")
    quantity = serializers.IntegerField(
        help_text="It can be used for so many seats, once, in one booking or several."
    )
    unit_price = price_field()
    total_amount = price_field()
    expires_at = MomentField()


class QuoteRequest(StrictBody):
    """The number of seats to quote a price for."""

    shown_in = QuoteRepresentation

    quantity = seats_field(default=1)


def rise_body(rise: NextRise | None, currency: str) -> dict[str, Any] | None:
    """Return a rise as the API shows it (`NextRiseRepresentation`)."""
    if rise is None:
        return None
    return {"price": amount_text(rise.price, currency), "seats": rise.seats}


class NextRiseRepresentation(serializers.Serializer[Any]):
    """From when on a seat will cost more, as things stand."""

    price = price_field()
    seats = serializers.IntegerField(
        help_text="After so many more seats are booked or held; 0: with the next change of the "
        "price."
    )


@extend_schema_serializer(examples=[PRICE_CHANGE])
class PriceChangeRepresentation(AmountsMixin, serializers.ModelSerializer[PriceChange]):
    """A change of an event's current price, with its reason."""

    amounts = ("old_price", "new_price", "price_floor", "price_ceiling")
    # With each row, so that the event is not read again.
    currency_source = "currency"

    changed_by = serializers.ChoiceField(
        choices=[by.value for by in ChangedBy],
        read_only=True,
        help_text="What changed it: the event's price `rule`, the `organizer` or others who manage "
        "the event, or the `operator` of this site.",
    )
    applied_at = MomentField(read_only=True)

    class Meta:
        model = PriceChange
        fields = (
            "id",
            "old_price",
            "new_price",
            "price_floor",
            "price_ceiling",
            "reason",
            "changed_by",
            "applied_at",
        )
        extra_kwargs = {
            "reason": {"help_text": "In words, for the public."},
            "price_floor": {
                "help_text": "The lowest price to which a price rule could move it from then on; "
                "null if none did, and where it was not recorded yet. Bounds can change without "
                "the price."
            },
            "price_ceiling": {"help_text": "The highest price to which; null as `price_floor`."},
        }
        read_only_fields = fields
