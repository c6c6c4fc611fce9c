"""What a price rule would do, as the API represents it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from drf_spectacular.utils import extend_schema_field, extend_schema_serializer
from rest_framework import serializers

from boxoffice.pricing.preview import Outlook, Preview, outlook_of, preview_of, rule_warnings
from boxoffice.pricing.replay import Change, Point
from boxoffice.pricing.serializers import (
    PriceRuleRequest,
    RuleWarningRepresentation,
    settings_from,
)
from evently.api.examples import PRICE_PREVIEW, PRICE_PREVIEW_REQUEST
from evently.api.fields import AmountsMixin, MomentField, price_field
from events.models import Event, PriceRule
from events.operations import check_price_rule, new_price_rule
from events.pricing.reasons import reason
from events.pricing.rule import Demand, Pressure
from events.pricing.thresholds import Threshold
from events.pricing.warnings import Warning


@dataclass(frozen=True)
class RulePreview:
    """What a rule would do now, and would have done; see `boxoffice.pricing.preview`."""

    event: Event
    warnings: list[Warning]
    now: Outlook | None
    replay: Preview | None


def rule_to_preview(values: dict[str, Any], event: Event) -> PriceRule:
    """Return an unsaved rule with the settings of a valid body, as if it were switched on.

    Raises Invalid where it could not be, with messages by setting; of an event that is over, where
    the settings contradict each other.
    """
    rule = new_price_rule(event)
    for name, value in settings_from(values, event).items():
        setattr(rule, name, value)
    rule.enabled = event.is_active
    check_price_rule(rule, event)
    return rule


def previewed(rule: PriceRule, event: Event, *, source: Event | None, at: datetime) -> RulePreview:
    """Return what a rule would do now, and would have done with the sales of `source`, if any."""
    return RulePreview(
        event=event,
        warnings=rule_warnings(rule, event, at=at),
        now=outlook_of(rule, event, at=at),
        replay=preview_of(rule, event, source=source, at=at) if source else None,
    )


class PreviewAmounts(AmountsMixin):
    """Shows amounts in the currency of the previewed event, which is in the context."""

    def currency_of(self, instance: Any) -> str:
        return cast(str, self.context["currency"])  # type: ignore[attr-defined]


class ShareField(serializers.FloatField):
    def to_representation(self, value: Any) -> Any:
        # Not -0.0, which some parsers show.
        return round(float(value), 4) + 0.0


class DemandRepresentation(serializers.Serializer[Demand]):
    """What the rule looks at."""

    capacity = serializers.IntegerField(help_text="Seats of the event.")
    taken = serializers.IntegerField(help_text="Seats that are booked or held.")
    sold_last_day = serializers.IntegerField(help_text="Cancelled bookings are left out.")
    sold_last_week = serializers.IntegerField()
    waiting_seats = serializers.IntegerField(help_text="Asked for by confirmed waitlist entries.")


class PressureRepresentation(serializers.Serializer[Pressure]):
    """How far demand is ahead of the plan (up to 1) or behind it (down to -1), as weighted."""

    sold = ShareField()
    pace = ShareField()
    waitlist = ShareField()
    total = ShareField(
        help_text="Their sum, from -1 to 1: 1 leads to the ceiling, -1 to the floor."
    )


class PreviewedRiseRepresentation(PreviewAmounts, serializers.Serializer[Threshold]):
    """From when on a seat would cost more, if the seats were booked now."""

    amounts = ("price",)

    price = price_field()
    seats = serializers.IntegerField(help_text="After so many more seats are booked or held.")


class OutlookRepresentation(PreviewAmounts, serializers.Serializer[Outlook]):
    """What the rule would do now."""

    amounts = ("target", "next_price")

    demand = DemandRepresentation(source="verdict.demand")
    pressure = PressureRepresentation(source="verdict.pressure")
    target = price_field(help_text="Where this pressure leads to in the end, step by step.")
    next_price = price_field(
        source="verdict.price", help_text="The price after one step, which may be the current one."
    )
    reason = serializers.SerializerMethodField(
        help_text="What the price history would say; null where the price stays."
    )
    waits_until = MomentField(
        source="free_at",
        allow_null=True,
        help_text="When the shortest time since the last change is over, if it is still to come.",
    )
    next_rise = PreviewedRiseRepresentation(
        allow_null=True, help_text="Counted from `next_price`; null where no number of seats does."
    )

    @extend_schema_field(serializers.CharField(allow_null=True))
    def get_reason(self, outlook: Outlook) -> str | None:
        made, old = outlook.verdict, self.context["current_price"]
        if made.price == old:
            return None
        return reason(made.demand, made.pressure, old=old, new=made.price)


class ReplayChangeRepresentation(PreviewAmounts, serializers.Serializer[Change]):
    amounts = ("old_price", "new_price")

    at = MomentField()
    old_price = price_field(source="old")
    new_price = price_field(source="new")
    reason = serializers.CharField()


class ReplayPointRepresentation(PreviewAmounts, serializers.Serializer[Point]):
    """One moment: as it was, and with the rule."""

    amounts = ("price_was", "price", "revenue_was", "revenue")

    at = MomentField()
    seats = serializers.IntegerField(help_text="Booked until then, and not given back.")
    planned = serializers.IntegerField(help_text="Seats that the sales plan expects by then.")
    price_was = price_field()
    price = price_field()
    revenue_was = price_field()
    revenue = price_field()


class ReplayRepresentation(PreviewAmounts, serializers.Serializer[Preview]):
    """The rule over the sales as they were. No forecast: another price brings other attendees."""

    amounts = ("start_price", "revenue_was", "revenue", "revenue_at_start_price")

    event = serializers.UUIDField(source="source.pk", help_text="Whose sales they are.")
    start_price = price_field(source="replay.start_price", help_text="The base price at first.")
    seats = serializers.IntegerField(source="replay.last.seats")
    revenue_was = price_field(source="replay.last.revenue_was")
    revenue = price_field(source="replay.last.revenue", help_text="With the rule.")
    revenue_at_start_price = price_field(
        source="replay.revenue_at_start_price", help_text="If the price had stayed there."
    )
    changes = ReplayChangeRepresentation(source="replay.changes", many=True)
    points = ReplayPointRepresentation(
        source="replay.points", many=True, help_text="At most about 400, from the start of sales."
    )


@extend_schema_serializer(examples=[PRICE_PREVIEW])
class RulePreviewRepresentation(PreviewAmounts, serializers.Serializer[RulePreview]):
    """What a price rule would do; nothing is saved."""

    amounts = ("current_price",)

    event = serializers.UUIDField(source="event.pk")
    current_price = price_field(source="event.current_price")
    currency = serializers.CharField(source="event.currency")
    warnings = RuleWarningRepresentation(many=True, help_text="The gravest first.")
    now = OutlookRepresentation(
        allow_null=True,
        help_text="Null while seats are not on sale, or wait for a draw: the price stays then.",
    )
    replay = ReplayRepresentation(
        allow_null=True, help_text="Null where it was not asked for, or nothing was sold."
    )


@extend_schema_field({"oneOf": [{"type": "boolean"}, {"type": "string", "format": "uuid"}]})
class ReplayField(serializers.Field[bool | UUID, Any, Any, Any]):
    """Whose sales to replay: true for the event's own, false for none, or the id of an event."""

    def to_internal_value(self, data: Any) -> bool | UUID:
        if isinstance(data, bool):
            return data
        try:
            return UUID(data)
        except (AttributeError, TypeError, ValueError) as error:
            hint = "Enter true, false, or the id of an event."
            raise serializers.ValidationError(hint) from error


@extend_schema_serializer(examples=[PRICE_PREVIEW_REQUEST])
class PriceRulePreviewRequest(PriceRuleRequest):
    """The settings of a price rule to preview, and the sales to replay it with."""

    elsewhere = {**PriceRuleRequest.elsewhere, "now": "It is what the preview answers."}

    replay = ReplayField(
        default=False,
        help_text="true replays the rule over the sales of this event until now; the id of another "
        "event that you manage, in the same currency, over those. Default: false.",
    )
