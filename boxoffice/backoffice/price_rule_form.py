"""The form of an event's price rule, with a rounding and a sales plan to choose instead of numbers.

What is valid is checked by the operations; the form adds what only typed text needs.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, cast

from django import forms
from django.forms import NumberInput
from unfold.widgets import (
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanSwitchWidget,
)

from boxoffice.pricing.timeline import plan_of, timeline_of
from evently.amount_field import AmountField
from evently.currencies import exponent_of
from evently.errors import Invalid
from evently.formatting import counted, duration, money
from evently.local_time import local_day
from events.models import Event, PriceRule
from events.operations import check_price_rule
from events.pricing.plan import BOTH_ENDS, EARLY, EVEN, LATE, SalesPlan
from events.pricing.rule import StepKind

MINUTES = (60, 3 * 60, 6 * 60, 12 * 60, 24 * 60, 2 * 24 * 60, 3 * 24 * 60, 7 * 24 * 60)
PLANS = {
    "even": ("Evenly", EVEN),
    "late": ("Late: most seats near the end", LATE),
    "early": ("Early: most seats at first", EARLY),
    "both_ends": ("At both ends, and few in between", BOTH_ENDS),
}
KEPT = "kept"
OWN = "own"
# Units and endings by the decimals of a currency, other than a single unit: 12.90 is 1 and 0.90.
ROUNDINGS = {
    0: ("10", "50", "100", "500", "1000"),
    2: ("0.05", "0.50", "1", "5", "10"),
    3: ("0.050", "0.500", "1", "5"),
}
ENDINGS = {
    0: (("100", "90"), ("100", "80")),
    2: (("1", "0.90"), ("1", "0.95"), ("1", "0.99")),
    3: (("1", "0.900"),),
}
# Names of settings that a field of another name stands for.
FIELDS = {"rounding_unit": "rounding", "rounding_ending": "rounding"}


class Slider(NumberInput):
    """A range of percent; its value is shown by the template, and kept current by a script."""

    input_type = "range"

    def __init__(self, *, step: int, least: int = 0) -> None:
        super().__init__(
            attrs={"min": least, "max": 100, "step": step, "class": "ev-slider__input"}
        )


class PriceInput(UnfoldAdminTextInputWidget):
    def __init__(self) -> None:
        super().__init__(attrs={"inputmode": "decimal", "autocomplete": "off"})


def _weight(label: str, help_text: str) -> forms.IntegerField:
    return forms.IntegerField(
        label=label, min_value=0, max_value=100, widget=Slider(step=5), help_text=help_text
    )


class PriceRuleForm(forms.Form):
    """The settings of a rule, and the sales to preview it with.

    plan_seats: how many seats the chosen sales plan comes from, where it is an earlier event's.
    """

    enabled = forms.BooleanField(
        label="The price follows demand", required=False, widget=UnfoldBooleanSwitchWidget
    )
    floor = AmountField(label="Lowest price", widget=PriceInput)
    ceiling = AmountField(label="Highest price", widget=PriceInput)
    max_step = AmountField(label="Largest step", widget=PriceInput)
    step_kind = forms.ChoiceField(label="Step in", widget=UnfoldAdminSelectWidget)
    min_interval_minutes = forms.TypedChoiceField(
        label="Shortest time between changes", coerce=int, widget=UnfoldAdminSelectWidget
    )
    rounding = forms.ChoiceField(label="Rounding", widget=UnfoldAdminSelectWidget)
    weight_sold = _weight("Seats sold", "Against the seats that the sales plan expects by now.")
    weight_pace = _weight("Pace", "Sales of the last day and week, against what is still needed.")
    weight_waitlist = _weight(
        "Waitlist", "Seats that are waited for. It only ever raises the price."
    )
    plan = forms.ChoiceField(
        label="When seats are expected to sell", widget=UnfoldAdminSelectWidget
    )
    expected_percent = forms.IntegerField(
        label="Seats expected to be sold in the end",
        min_value=1,
        max_value=100,
        widget=Slider(step=1, least=1),
    )
    announces_next = forms.BooleanField(
        label="Tell attendees the next rise",
        required=False,
        widget=UnfoldBooleanSwitchWidget,
        help_text="For example: “From €28.00 after 20 more seats”.",
    )
    source = forms.ChoiceField(
        label="Sales to replay", required=False, widget=UnfoldAdminSelectWidget
    )
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def __init__(
        self,
        data: Any = None,
        *,
        event: Event,
        rule: PriceRule,
        earlier: Sequence[Event],
        at: datetime,
    ) -> None:
        """earlier: events whose sales can be replayed, and are a sales plan. rule: as stored."""
        is_untouched = event.available_seats == event.total_capacity
        source = str(earlier[0].pk) if is_untouched and earlier else OWN
        super().__init__(data, initial=_initial(rule) | {"source": source})
        self.event, self.stored, self.at = event, rule, at
        self.earlier = {str(one.pk): one for one in earlier}
        self.plan_seats: int | None = None
        for name in ("floor", "ceiling", "max_step"):
            cast(AmountField, self.fields[name]).currency = event.currency
        events = [(key, event_label(one)) for key, one in self.earlier.items()]
        self._choose("step_kind", _step_kinds(event))
        self._choose("min_interval_minutes", _intervals(rule))
        self._choose("rounding", roundings(event, rule))
        self._choose("plan", _plans(rule, events))
        self._choose("source", [(OWN, "This event so far"), *events])

    def _choose(self, name: str, choices: Any) -> None:
        cast(forms.ChoiceField, self.fields[name]).choices = choices

    def clean(self) -> dict[str, Any]:
        """Check the settings as the operation does, without saving them."""
        values = super().clean() or self.cleaned_data
        if not self.errors:
            try:
                check_price_rule(self.rule, self.event)
            except Invalid as refusal:
                self.add_refusal(refusal)
        return values

    def clean_plan(self) -> list[int]:
        """Return the shares of the plan that was chosen."""
        chosen = self.cleaned_data["plan"]
        if chosen in PLANS:
            return list(PLANS[chosen][1])
        if chosen == KEPT:
            return list(self.stored.plan)
        found = timeline_of(self.earlier[chosen], at=self.at)
        sold = plan_of(found) if found is not None else None
        if sold is None:
            raise forms.ValidationError("The bookings of this event are not kept any more.")
        plan, self.plan_seats = sold
        return list(plan.percent)

    def add_refusal(self, refusal: Invalid) -> None:
        """Add the messages of a refused setting to the fields that stand for it."""
        for name, message in (refusal.fields or {"": refusal.text}).items():
            field = FIELDS.get(name, name)
            self.add_error(field if field in self.fields else None, message)

    @property
    def settings(self) -> dict[str, Any]:
        """The settings by the names of their columns; of a form without errors."""
        values = self.cleaned_data
        unit, ending = values["rounding"].split(":")
        given = {
            name: values[name] for name in values if name not in ("rounding", "source", "version")
        }
        return {**given, "rounding_unit": Decimal(unit), "rounding_ending": Decimal(ending)}

    @property
    def rule(self) -> PriceRule:
        """The rule as it would be saved: not the stored one, and never to be saved itself."""
        rule = PriceRule(event=self.event, version=self.stored.version)
        rule.suspended_at = self.stored.suspended_at
        for name, value in self.settings.items():
            setattr(rule, name, value)
        return rule

    @property
    def source_event(self) -> Event:
        """The event whose sales are replayed."""
        chosen = self.cleaned_data.get("source") or self.initial["source"]
        return self.earlier.get(chosen, self.event)


def event_label(event: Event) -> str:
    """Return an event with its day and sales: "Jazz Night, 4 Dec 2026 (120 seats)"."""
    day = local_day(event.event_date, event.zone)
    sold = counted(event.total_capacity - event.available_seats, "seat")
    return f"{event.name[:60]}, {day.day} {day:%b %Y} ({sold})"


def _initial(rule: PriceRule) -> dict[str, Any]:
    return {
        "enabled": rule.enabled,
        "floor": rule.floor,
        "ceiling": rule.ceiling,
        "max_step": _step_text(rule),
        "step_kind": rule.step_kind,
        "min_interval_minutes": rule.min_interval_minutes,
        "rounding": _rounding_key(rule.rounding_unit, rule.rounding_ending),
        "weight_sold": rule.weight_sold,
        "weight_pace": rule.weight_pace,
        "weight_waitlist": rule.weight_waitlist,
        "plan": _plan_key(rule.plan),
        "expected_percent": rule.expected_percent,
        "announces_next": rule.announces_next,
        "version": 0 if rule._state.adding else rule.version,
    }


def _step_text(rule: PriceRule) -> Decimal | str:
    """Return the largest step for its field: an amount, or percent without more decimals."""
    if rule.step_kind == StepKind.PERCENT:
        return f"{Decimal(rule.max_step).normalize():f}"
    return rule.max_step


def _step_kinds(event: Event) -> list[tuple[str, str]]:
    return [
        (StepKind.PERCENT.value, "% of the price"),
        (StepKind.AMOUNT.value, event.currency),
    ]


def _intervals(rule: PriceRule) -> list[tuple[int, str]]:
    minutes = sorted({*MINUTES, rule.min_interval_minutes})
    return [(number, duration(timedelta(minutes=number))) for number in minutes]


def _rounding_key(unit: Decimal, ending: Decimal) -> str:
    return f"{Decimal(unit).normalize():f}:{Decimal(ending).normalize():f}"


def roundings(event: Event, rule: PriceRule) -> list[tuple[str, str]]:
    """Return the roundings to choose from in an event's currency, with that of its rule."""
    decimals = exponent_of(event.currency)
    smallest = Decimal(1).scaleb(-decimals)
    units = {smallest, *(Decimal(unit) for unit in ROUNDINGS.get(decimals, ROUNDINGS[2]))}
    endings = {(Decimal(unit), Decimal(end)) for unit, end in ENDINGS.get(decimals, ENDINGS[2])}
    if rule.rounding_ending:
        endings.add((rule.rounding_unit, rule.rounding_ending))
    else:
        units.add(rule.rounding_unit)
    pairs = [*((unit, Decimal(0)) for unit in sorted(units)), *sorted(endings)]
    return [
        (_rounding_key(unit, ending), rounding_text(unit, ending, event.currency))
        for unit, ending in pairs
    ]


def rounding_text(unit: Decimal, ending: Decimal, currency: str) -> str:
    """Return a rounding in words: "to €0.50", "to prices such as €12.90"."""
    if unit == Decimal(1).scaleb(-exponent_of(currency)) and not ending:
        return "None"
    if not ending:
        return f"To multiples of {money(unit, currency)}"
    return f"To prices such as {money(12 * unit + ending, currency)}"


def _plan_key(plan: Sequence[int]) -> str:
    return next((key for key, (_, shape) in PLANS.items() if list(shape) == list(plan)), KEPT)


def _plans(rule: PriceRule, events: Sequence[tuple[str, str]]) -> list[Any]:
    choices: list[Any] = [(key, label) for key, (label, _) in PLANS.items()]
    if _plan_key(rule.plan) == KEPT:
        choices.insert(0, (KEPT, plan_text(rule.plan)))
    if events:
        choices.append(("As an earlier event sold", list(events)))
    return choices


def plan_text(plan: Sequence[int]) -> str:
    """Return a sales plan in words; one of an own shape by what it expects at half time."""
    key = _plan_key(plan)
    if key != KEPT:
        return PLANS[key][0]
    half = SalesPlan(tuple(plan)).percent[len(plan) // 2]
    return f"As saved: {half}% sold at half time"
