"""What the rule of an event would do now, what it would have done, and what to know about it."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db.models import Max

from boxoffice.pricing.applying import Verdict, is_due, verdict
from boxoffice.pricing.demand import demand_of
from boxoffice.pricing.replay import Replay, replay
from boxoffice.pricing.timeline import timeline_of
from evently.currencies import exponent_of
from events.models import Event, PriceChange, PriceRule
from events.pricing.rule import target
from events.pricing.thresholds import Threshold, next_threshold
from events.pricing.warnings import Circumstances, Warning, warnings_of


@dataclass(frozen=True)
class Outlook:
    """What a rule makes of an event now, whether or not it is switched on.

    target: the price that the present demand leads to in the end. next_rise: counted from the
    price of the verdict, announced or not. free_at: when the shortest time since the last change is
    over, if that is still to come.
    """

    verdict: Verdict
    target: Decimal
    next_rise: Threshold | None
    free_at: datetime | None


@dataclass(frozen=True)
class Preview:
    """A rule replayed over the sales of an event: its own, or an earlier one's."""

    source: Event
    replay: Replay


def outlook_of(rule: PriceRule, event: Event, *, at: datetime) -> Outlook | None:
    """Return what a rule makes of an event now; None where it does not move (`is_due`).

    `verdict.price` is the next price, also where `free_at` says that it has to wait.
    """
    if not is_due(event, at=at):
        return None
    found = verdict(rule, event, demand_of(event, at=at))
    changed_at = PriceChange.objects.filter(event_id=event.pk).aggregate(last=Max("applied_at"))
    free_at = changed_at["last"] and changed_at["last"] + rule.min_interval
    settings = rule.settings(event.base_price)
    in_the_end = target(settings, found.pressure.total)
    return Outlook(
        verdict=found,
        target=round(in_the_end, exponent_of(event.currency)),
        next_rise=next_threshold(settings, found.demand, price=found.price),
        free_at=free_at if free_at and free_at > at else None,
    )


def preview_of(rule: PriceRule, event: Event, *, source: Event, at: datetime) -> Preview | None:
    """Replay the rule of an event over the sales of `source`, which may be the same event.

    It begins with the event's base price, also over an earlier event that cost something else.
    None where there were no sales.
    """
    timeline = timeline_of(source, at=at)
    if timeline is None or not timeline.sales:
        return None
    return Preview(source, replay(rule.settings(event.base_price), timeline))


def rule_warnings(
    rule: PriceRule, event: Event, *, at: datetime, plan_seats: int | None = None
) -> list[Warning]:
    """Return the warnings about a rule with valid settings. plan_seats: see `Circumstances`."""
    return warnings_of(
        rule.settings(event.base_price),
        Circumstances(
            at=at,
            sales_close_at=event.sales_close_at,
            currency=event.currency,
            capacity=event.total_capacity,
            taken=event.total_capacity - event.available_seats,
            plan_seats=plan_seats,
        ),
    )
