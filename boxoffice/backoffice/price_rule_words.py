"""The price rule of an event in words: how it stands, what it does now, what an edit changes."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any

from django.utils.text import capfirst

from boxoffice.backoffice.price_rule_form import plan_text, rounding_text
from boxoffice.pricing.preview import Outlook
from evently.admin.cells import names_of
from evently.formatting import as_sentence, counted, duration, moment, money, seats
from events.models import Event, PriceChange, PriceRule
from events.pricing.reasons import reason
from events.pricing.rule import StepKind


@dataclass(frozen=True)
class RuleState:
    """How a rule stands. kind: the style of its label. resumes, switches_off: the buttons."""

    label: str
    kind: str
    text: str
    resumes: bool = False
    switches_off: bool = False


@dataclass(frozen=True)
class Difference:
    name: str
    old: str
    new: str


def state_of_rule(rule: PriceRule | None, event: Event, *, at: datetime) -> RuleState:
    """Return how the rule of an event stands; rule: None where none was ever set up."""
    if rule is None or not rule.enabled:
        text = "The price changes only by hand."
        if rule is not None:
            text = f"{text} The settings are kept."
        return RuleState("off", "default", text)
    can_act = event.is_active and at < event.sales_close_at
    if not can_act:
        return RuleState("ended", "default", "Sales have ended, so the price does not move.")
    if rule.suspended_at is not None:
        since = moment(rule.suspended_at, event.zone)
        return RuleState(
            "suspended",
            "warning",
            f"Since {since}, because the price was changed by hand.{_last_change_by_hand(event)} "
            "The price stays as it is until you resume the rule.",
            resumes=True,
            switches_off=True,
        )
    bounds = _bounds(rule, event)
    if not event.is_on_sale(at=at):
        text = f"Once sales have started, the price moves between {bounds}."
    else:
        text = f"The price moves between {bounds}, as the event’s page says."
    return RuleState("on", "success", text, switches_off=True)


def _bounds(rule: PriceRule, event: Event) -> str:
    floor, ceiling = (money(price, event.currency) for price in (rule.floor, rule.ceiling))
    return f"{floor} and {ceiling}"


def _last_change_by_hand(event: Event) -> str:
    """Return who changed the price, and why, as a sentence with a space before it."""
    change = (
        PriceChange.objects.filter(event_id=event.pk)
        .exclude(applied_by__startswith="price rule")
        .order_by("-applied_at", "-id")
        .first()
    )
    if change is None:
        return ""
    who = names_of({change.applied_by}).get(change.applied_by, "It")
    verb = "set it" if who != "It" else "was set"
    old, new = (money(price, event.currency) for price in (change.old_price, change.new_price))
    why = as_sentence(f": “{change.reason}”") if change.reason else "."
    return f" {who} {verb} from {old} to {new}{why}"


def consequence(rule: PriceRule, event: Event) -> str:
    """Return what saving a rule means for attendees."""
    if not rule.enabled:
        return "The rule is off: the price changes only by hand. The settings are kept."
    if rule.suspended_at is not None:
        return "The rule stays suspended until you resume it."
    next_rise = " It also announces the next rise." if rule.announces_next else ""
    return (
        f"The price moves between {_bounds(rule, event)} while seats are on sale. The event’s page "
        f"says so, and shows each change with its reason.{next_rise} Quotes and offers that were "
        "made keep their price."
    )


def after_text(rule: PriceRule, event: Event) -> str:
    """Return what was saved, as a message."""
    if not rule.enabled:
        return "The price rule is saved. It is off."
    if rule.suspended_at is not None:
        return "The price rule is saved. It is still suspended."
    return f"The price rule is saved and on: the price moves between {_bounds(rule, event)}."


def facts_of(rule: PriceRule, event: Event) -> list[tuple[str, str]]:
    """Return the settings of a new rule as pairs of label and value."""
    return [(capfirst(name), text) for name, text in _in_words(rule, event).items()]


def differences(old: PriceRule, new: PriceRule, event: Event) -> list[Difference]:
    """Return the settings that differ, in words."""
    before = _in_words(old, event)
    return [
        Difference(name, before[name], text)
        for name, text in _in_words(new, event).items()
        if before[name] != text
    ]


def _in_words(rule: PriceRule, event: Event) -> dict[str, str]:
    step = money(rule.max_step, event.currency)
    if rule.step_kind == StepKind.PERCENT:
        step = f"{rule.max_step.normalize():f}% of the price"
    return {
        "the price follows demand": "yes" if rule.enabled else "no",
        "lowest price": money(rule.floor, event.currency),
        "highest price": money(rule.ceiling, event.currency),
        "largest step": step,
        "shortest time between changes": duration(timedelta(minutes=rule.min_interval_minutes)),
        "rounding": rounding_text(rule.rounding_unit, rule.rounding_ending, event.currency),
        "weight of seats sold": f"{rule.weight_sold}%",
        "weight of the pace": f"{rule.weight_pace}%",
        "weight of the waitlist": f"{rule.weight_waitlist}%",
        "sales plan": plan_text(rule.plan),
        "seats expected to be sold": f"{rule.expected_percent}%",
        "announces the next rise": "yes" if rule.announces_next else "no",
    }


def outlook_words(
    outlook: Outlook | None, rule: PriceRule, event: Event, *, at: datetime
) -> dict[str, Any]:
    """Return what a rule makes of an event now.

    headline, and details: sentences; inputs: rows with name, seen, percent (signed text), and x
    and width of a bar between 0 and 100, of which 50 is no pressure.
    """
    if outlook is None:
        return {"headline": _why_not(event, at=at), "details": [], "inputs": []}
    inputs = _inputs(outlook, rule, event, at=at)
    return {
        "headline": _headline(outlook, rule, event),
        "details": list(_details(outlook, rule, event)),
        "inputs": [_input(name, seen, value) for name, seen, value in inputs],
    }


def _fits(rule: PriceRule, event: Event) -> bool:
    return rule.floor <= event.current_price <= rule.ceiling


def _headline(outlook: Outlook, rule: PriceRule, event: Event) -> str:
    now, new = event.current_price, outlook.verdict.price
    if not _fits(rule, event):
        return (
            f"A seat costs {money(now, event.currency)} now, which is not between the lowest and "
            "the highest price. Change one of them before you switch the rule on."
        )
    if new == now:
        return f"The price would stay at {money(now, event.currency)}."
    return f"The price would {'rise' if new > now else 'fall'} to {money(new, event.currency)}."


def _details(outlook: Outlook, rule: PriceRule, event: Event) -> Iterator[str]:
    made, now = outlook.verdict, event.current_price
    moves = made.price != now
    if not _fits(rule, event):
        return
    if moves:
        yield f"Reason: {reason(made.demand, made.pressure, old=now, new=made.price)}."
    yield f"In the end, this demand leads to {money(outlook.target, event.currency)}."
    if outlook.free_at is not None:
        yield f"The next change is possible from {moment(outlook.free_at, event.zone)} on."
    rise = outlook.next_rise
    if rise is not None and rise.seats:
        start = "Next rise from there" if moves else "Next rise"
        after = counted(rise.seats, "more seat")
        yield f"{start}: to {money(rise.price, event.currency)} after {after}."


def _inputs(
    outlook: Outlook, rule: PriceRule, event: Event, *, at: datetime
) -> list[tuple[str, str, Fraction]]:
    """Return what a rule looks at, what it sees, and the pressure of it."""
    demand, parts = outlook.verdict.demand, outlook.verdict.pressure
    settings = rule.settings(event.base_price)
    share = settings.expected_share * settings.plan.share(demand.elapsed(at))
    last_day, last_week = seats(demand.sold_last_day), f"{demand.sold_last_week:,}"
    return [
        (
            "Seats sold",
            f"{demand.taken:,} taken, {round(demand.capacity * share):,} planned by now",
            parts.sold,
        ),
        ("Pace", f"{last_day} in the last day, {last_week} in the last week", parts.pace),
        ("Waitlist", f"{counted(demand.waiting_seats, 'seat')} waited for", parts.waitlist),
        ("Together", _tendency(parts.total), parts.total),
    ]


def _why_not(event: Event, *, at: datetime) -> str:
    if not event.is_published:
        return "This event is a draft. The rule begins once it is published and on sale."
    if event.is_before_sales(at=at):
        starts = moment(event.sales_start_at, event.zone)
        return f"Sales start on {starts}. The rule begins then, with the price of that moment."
    if event.is_on_sale(at=at) and event.has_pending_draw:
        return "Seats are drawn first. The price does not move until then."
    return "Seats are not on sale, so the price does not move."


def _tendency(total: Fraction) -> str:
    if not total:
        return "as planned"
    return "ahead of plan" if total > 0 else "behind plan"


def _input(name: str, seen: str, value: Fraction) -> dict[str, str]:
    percent = round(100 * value)
    half = float(abs(value)) * 50
    half = min(half, 50.0)
    return {
        "name": name,
        "seen": seen,
        "percent": f"{percent:+d}%" if percent else "0%",
        "style": "ahead" if value > 0 else "behind",
        "x": f"{50 - half if value < 0 else 50:.2f}",
        "width": f"{half:.2f}",
    }
