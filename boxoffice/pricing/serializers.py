"""The price rule of an event as the API reads and represents it."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from drf_spectacular.utils import extend_schema_field, extend_schema_serializer
from rest_framework import serializers

from boxoffice.pricing.preview import rule_warnings
from evently.api.examples import PRICE_RULE, PRICE_RULE_REQUEST
from evently.api.fields import AmountsMixin, MomentField, amount_text, price_field
from evently.api.strictness import StrictBody
from evently.database.clock import now
from events.models import Event, PriceRule
from events.moving_price import next_rise
from events.operations import new_price_rule
from events.price_serializers import NextRiseRepresentation, rise_body
from events.pricing.defaults import DEFAULTS
from events.pricing.plan import NAMED_PLANS, TENTHS, SalesPlan
from events.pricing.rule import StepKind
from events.pricing.warnings import Warning
from events.pricing_models import FEWEST_MINUTES, MOST_MINUTES
from events.sale import sale_of

SHARES = TENTHS + 1
STEP_KINDS = [kind.value for kind in StepKind]
INPUTS = ("sold", "pace", "waitlist")
# Settings that are part of an object in the API.
NESTED = {
    "rounding_unit": "rounding.unit",
    "rounding_ending": "rounding.ending",
    **{f"weight_{name}": f"weights.{name}" for name in INPUTS},
}
PLAN_HELP = (
    "Which share of the expected seats should be sold after each tenth of the time on sale, in "
    "percent: 11 numbers that never fall, from 0 to 100."
)
PLAN_NAMES = ", ".join(f"`{name}`" for name in NAMED_PLANS)
PLAN_HINT = (
    f"Enter one of {', '.join(f'“{name}”' for name in NAMED_PLANS)}, or {SHARES} whole numbers "
    "(percent) that never fall, from 0 to 100."
)
HELP: dict[str, str] = {
    "enabled": "Whether the price follows demand while seats are on sale.",
    "suspended": "Whether the rule rests because the price was changed by hand.",
    "floor": "The lowest price. The rule never leaves the bounds, and attendees see both.",
    "ceiling": "The highest price.",
    "max_step": "The largest change at once: percent of the current price, or an amount.",
    "step_kind": "What `max_step` is in.",
    "min_interval_minutes": "The shortest time between two changes of the price.",
    "rounding": "What prices end in: multiples of `unit`, plus `ending`. 1.00 and 0.90 for 12.90.",
    "weights": "How strongly each input counts, in percent. With 100, it can move the price to a "
    "bound by itself; 0 leaves it out.",
    "expected_percent": "The share of the seats that you expect to sell in the end, in percent.",
    "announces_next": "Whether attendees are told the next rise: from which price, after how many "
    "more seats.",
}
WEIGHT_HELP = {
    "sold": "Seats booked and held, against those that the plan expects by now.",
    "pace": "Seats sold in the last day and week, against the pace that the rest needs.",
    "waitlist": "Seats waited for. It never lowers the price.",
}


def api_name(setting: str) -> str:
    """Return the name of a setting in the API."""
    return NESTED.get(setting, setting)


class RoundingRepresentation(AmountsMixin, serializers.Serializer[PriceRule]):
    amounts = ("unit", "ending")

    unit = price_field(source="rounding_unit")
    ending = price_field(source="rounding_ending")


class WeightsRepresentation(serializers.Serializer[PriceRule]):
    sold = serializers.IntegerField(source="weight_sold", help_text=WEIGHT_HELP["sold"])
    pace = serializers.IntegerField(source="weight_pace", help_text=WEIGHT_HELP["pace"])
    waitlist = serializers.IntegerField(source="weight_waitlist", help_text=WEIGHT_HELP["waitlist"])


class RuleWarningRepresentation(serializers.Serializer[Warning]):
    """A setting that is allowed, but can never act, or not as one would expect."""

    code = serializers.CharField()
    field = serializers.SerializerMethodField(help_text="The setting that it is about.")
    text = serializers.CharField()

    def get_field(self, warning: Warning) -> str:
        return api_name(warning.field)


@extend_schema_serializer(examples=[PRICE_RULE])
class PriceRuleRepresentation(AmountsMixin, serializers.Serializer[PriceRule]):
    """The price rule of an event, for those who manage the event."""

    amounts = ("floor", "ceiling", "base_price", "current_price")

    event = serializers.UUIDField(source="event_id")
    state = serializers.SerializerMethodField(
        help_text="`off`; `active`; `suspended`: on, but resting because the price was changed by "
        "hand."
    )
    enabled = serializers.BooleanField(help_text=HELP["enabled"])
    suspended = serializers.SerializerMethodField(help_text=HELP["suspended"])
    suspended_at = MomentField(allow_null=True)
    floor = price_field(allow_null=True, help_text=f"{HELP['floor']} Null before there is a rule.")
    ceiling = price_field(allow_null=True, help_text=HELP["ceiling"])
    max_step = price_field(help_text=HELP["max_step"])
    step_kind = serializers.ChoiceField(choices=STEP_KINDS, help_text=HELP["step_kind"])
    min_interval_minutes = serializers.IntegerField(help_text=HELP["min_interval_minutes"])
    rounding = RoundingRepresentation(source="*", help_text=HELP["rounding"])
    weights = WeightsRepresentation(source="*", help_text=HELP["weights"])
    expected_percent = serializers.IntegerField(help_text=HELP["expected_percent"])
    plan = serializers.ListField(
        child=serializers.IntegerField(),
        min_length=SHARES,
        max_length=SHARES,
        help_text=PLAN_HELP,
    )
    plan_name = serializers.SerializerMethodField(
        help_text=f"{PLAN_NAMES} where it is one of these plans, else null."
    )
    announces_next = serializers.BooleanField(help_text=HELP["announces_next"])
    base_price = price_field(
        source="event.base_price",
        help_text="Of a seat, while demand is as planned; a field of the event.",
    )
    current_price = price_field(source="event.current_price", help_text="What a seat costs now.")
    currency = serializers.CharField(source="event.currency")
    next_rise = serializers.SerializerMethodField(
        help_text="What attendees are told; null where nothing is announced, or no rise is near. "
        "It follows within a minute after a change of the rule."
    )
    warnings = serializers.SerializerMethodField(help_text="The gravest first.")
    version = serializers.IntegerField(help_text="0 before there is a rule.")
    created_at = MomentField(allow_null=True)
    updated_at = MomentField(allow_null=True)

    def to_representation(self, instance: PriceRule) -> dict[str, Any]:
        body: dict[str, Any] = super().to_representation(instance)
        body["max_step"] = self._step(instance)
        return body

    def _step(self, rule: PriceRule) -> str:
        if rule.step_kind == StepKind.PERCENT:
            return f"{rule.max_step.normalize():f}"
        return amount_text(rule.max_step, rule.event.currency)

    @extend_schema_field(serializers.ChoiceField(choices=["off", "active", "suspended"]))
    def get_state(self, rule: PriceRule) -> str:
        if not rule.enabled:
            return "off"
        return "active" if rule.is_active else "suspended"

    def get_suspended(self, rule: PriceRule) -> bool:
        return rule.suspended_at is not None

    @extend_schema_field(serializers.ChoiceField(choices=list(NAMED_PLANS), allow_null=True))
    def get_plan_name(self, rule: PriceRule) -> str | None:
        plan = tuple(rule.plan)
        return next((name for name, shares in NAMED_PLANS.items() if shares == plan), None)

    @extend_schema_field(NextRiseRepresentation(allow_null=True))
    def get_next_rise(self, rule: PriceRule) -> dict[str, Any] | None:
        event = rule.event
        return rise_body(next_rise(event, sale_of(event, at=now())), event.currency)

    @extend_schema_field(RuleWarningRepresentation(many=True))
    def get_warnings(self, rule: PriceRule) -> list[dict[str, Any]]:
        if not rule.version:
            return []
        found = rule_warnings(rule, rule.event, at=now())
        return [RuleWarningRepresentation(one).data for one in found]


def no_rule(event: Event) -> PriceRule:
    """Return what is shown of an event without a rule: the defaults, as version 0."""
    rule = new_price_rule(event)
    rule.version = 0
    rule.created_at = rule.updated_at = None  # type: ignore[assignment]
    return rule


@extend_schema_field(
    {
        "oneOf": [
            {"type": "string", "enum": list(NAMED_PLANS)},
            {
                "type": "array",
                "items": {"type": "integer", "minimum": 0, "maximum": 100},
                "minItems": SHARES,
                "maxItems": SHARES,
            },
        ]
    }
)
class PlanField(serializers.Field[list[int], Any, Any, Any]):
    """A sales plan: the name of one, or its shares."""

    def to_internal_value(self, data: Any) -> list[int]:
        shares = NAMED_PLANS.get(data, ()) if isinstance(data, str) else data
        if not isinstance(shares, list | tuple) or any(type(share) is not int for share in shares):
            shares = ()
        try:
            return list(SalesPlan(tuple(shares)).percent)
        except ValueError as error:
            raise serializers.ValidationError(PLAN_HINT) from error


class RoundingRequest(StrictBody):
    unit = price_field()
    ending = price_field(default=Decimal(0))


def _weight(name: str) -> serializers.IntegerField:
    return serializers.IntegerField(
        min_value=0, max_value=100, default=DEFAULTS[f"weight_{name}"], help_text=WEIGHT_HELP[name]
    )


class WeightsRequest(StrictBody):
    sold = _weight("sold")
    pace = _weight("pace")
    waitlist = _weight("waitlist")


@extend_schema_serializer(examples=[PRICE_RULE_REQUEST])
class PriceRuleRequest(StrictBody):
    """The settings of a price rule, all of them: what is left out takes its default."""

    shown_in = PriceRuleRepresentation
    elsewhere = {
        "event": "It is the one of the path.",
        "state": "Set `enabled`, or `suspended` to false to resume.",
        "suspended_at": "Set `suspended` to false to resume.",
        "plan_name": "Set `plan`, by its name or shares.",
        "base_price": "Use `PATCH events/{id}/`.",
        "current_price": "Use `PATCH events/{id}/`, which suspends the rule.",
        "currency": "Use `PATCH events/{id}/`.",
        "next_rise": "It follows from the rule; `announces_next` tells attendees.",
        "warnings": "They follow from the settings.",
    }

    enabled = serializers.BooleanField(
        default=DEFAULTS["enabled"], help_text=f"{HELP['enabled']} Default: false."
    )
    suspended = serializers.BooleanField(
        required=False,
        help_text=f"{HELP['suspended']} false resumes it, from the price as it is now. Left out, "
        "it stays as it is.",
    )
    floor = price_field(help_text=HELP["floor"])
    ceiling = price_field(help_text=HELP["ceiling"])
    max_step = price_field(
        required=False, help_text=f"{HELP['max_step']} Default: 10 percent; required for an amount."
    )
    step_kind = serializers.ChoiceField(
        choices=STEP_KINDS, default=DEFAULTS["step_kind"].value, help_text=HELP["step_kind"]
    )
    min_interval_minutes = serializers.IntegerField(
        min_value=FEWEST_MINUTES,
        max_value=MOST_MINUTES,
        default=DEFAULTS["min_interval_minutes"],
        help_text=HELP["min_interval_minutes"],
    )
    rounding = RoundingRequest(
        required=False,
        help_text=f"{HELP['rounding']} Default: what suits the event's prices; `GET` shows it.",
    )
    weights = WeightsRequest(required=False, help_text=HELP["weights"])
    expected_percent = serializers.IntegerField(
        min_value=1,
        max_value=100,
        default=DEFAULTS["expected_percent"],
        help_text=HELP["expected_percent"],
    )
    plan = PlanField(
        default=DEFAULTS["plan"], help_text=f"{PLAN_HELP} Or a name: {PLAN_NAMES}. Default: `even`."
    )
    announces_next = serializers.BooleanField(
        default=DEFAULTS["announces_next"], help_text=HELP["announces_next"]
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if attrs["step_kind"] == StepKind.AMOUNT and "max_step" not in attrs:
            raise serializers.ValidationError({"max_step": "Enter an amount."})
        return attrs


def settings_from(values: Mapping[str, Any], event: Event) -> dict[str, Any]:
    """Return all settings of a rule from a valid body, with defaults for what it leaves out."""
    defaults = new_price_rule(event)
    given = {name: values[name] for name in PriceRule.SETTINGS if name in values}
    given |= {f"rounding_{name}": value for name, value in values.get("rounding", {}).items()}
    given |= {f"weight_{name}": value for name, value in values.get("weights", {}).items()}
    return {name: getattr(defaults, name) for name in PriceRule.SETTINGS} | given
