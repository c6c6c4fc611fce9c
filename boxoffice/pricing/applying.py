"""Applying price rules: what is due, and one event at a time under its lock."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Max, OuterRef, Subquery

from boxoffice.pricing.demand import demand_of, demands
from evently.audit.context import EVENTLY, acting, stamp
from evently.database.clock import now
from evently.transactions import run_in_transaction
from events.locks import lock_event
from events.models import Event, PriceChange, PriceRule
from events.pricing.reasons import reason
from events.pricing.rule import Demand, Pressure, next_price, pressure
from events.pricing.thresholds import Threshold, next_threshold

EVENTS_AT_ONCE = 200


@dataclass(frozen=True)
class Verdict:
    """What a rule makes of an event at a moment.

    price: the one to set, which may be the present one. next_rise: what is announced, counted from
    that price.
    """

    demand: Demand
    pressure: Pressure
    price: Decimal
    next_rise: Threshold | None

    def changes(self, event: Event, rule: PriceRule) -> bool:
        """Tell whether there is something to write."""
        return self.price != event.current_price or self.announced != (
            rule.next_price,
            rule.next_at_taken,
        )

    @property
    def announced(self) -> tuple[Decimal | None, int | None]:
        """The next rise as it is stored: the price, and the seats taken by then."""
        if self.next_rise is None:
            return None, None
        return self.next_rise.price, self.demand.taken + self.next_rise.seats


def verdict(rule: PriceRule, event: Event, demand: Demand, *, may_move: bool = True) -> Verdict:
    """Return what a rule makes of an event. may_move: false within the shortest interval."""
    settings = rule.settings(event.base_price)
    found = pressure(settings, demand)
    price = event.current_price
    if may_move:
        price = next_price(settings, price=price, total=found.total)
    rise = next_threshold(settings, demand, price=price) if rule.announces_next else None
    return Verdict(demand, found, price, rise)


def is_due(event: Event, *, at: datetime) -> bool:
    """Tell whether there is demand to look at: seats are sold, and not by a draw still to come."""
    return event.is_on_sale(at=at) and not event.has_pending_draw


def events_to_reprice() -> Iterator[UUID]:
    """Yield the events on sale whose rule would change the price now, or what it announces.

    Without locks: applying a rule looks again.
    """
    last_change = (
        PriceChange.objects.filter(event_id=OuterRef("event_id"))
        .order_by()
        .values("event_id")
        .annotate(last=Max("applied_at"))
        .values("last")
    )
    rules: list[Any] = list(
        PriceRule.objects.filter(
            enabled=True,
            suspended_at__isnull=True,
            event__in=Event.objects.on_sale().filter(draw_closes_at__isnull=True),
        )
        .annotate(last_change=Subquery(last_change))
        .select_related("event")
        .order_by("event_id")
    )
    at = now()
    for start in range(0, len(rules), EVENTS_AT_ONCE):
        yield from _to_reprice(rules[start : start + EVENTS_AT_ONCE], at=at)


def _to_reprice(rules: Sequence[Any], *, at: datetime) -> Iterator[UUID]:
    found = demands([rule.event for rule in rules], at=at)
    for rule in rules:
        may_move = rule.last_change is None or rule.last_change + rule.min_interval <= at
        made = verdict(rule, rule.event, found[rule.event_id], may_move=may_move)
        if made.changes(rule.event, rule):
            yield rule.event_id


def apply_price_rule(*, event_id: UUID) -> Decimal | None:
    """Move the price of an event as its rule says now; return the new price, None if it stays.

    Under the event's lock, so that of two workers the second finds the shortest interval begun.
    Raises EventNotFound.
    """

    def work() -> Decimal | None:
        event = lock_event(event_id)
        # Locked, so that an edit by plain SQL does not come between the rule and the price.
        rule = PriceRule.objects.select_for_update(no_key=True).filter(event_id=event_id).first()
        at = now()
        if rule is None or not (rule.is_active and is_due(event, at=at)):
            return None
        last_change = PriceChange.objects.filter(event_id=event_id).aggregate(
            last=Max("applied_at")
        )["last"]
        may_move = last_change is None or last_change + rule.min_interval <= at
        made = verdict(rule, event, demand_of(event, at=at), may_move=may_move)
        moved = _move(event, rule, made) if made.price != event.current_price else None
        if made.announced != (rule.next_price, rule.next_at_taken):
            rule.next_price, rule.next_at_taken = made.announced
            rule.save(update_fields=["next_price", "next_at_taken"])
        return moved

    with acting(actor=EVENTLY):
        return run_in_transaction(work)


def _move(event: Event, rule: PriceRule, made: Verdict) -> Decimal:
    why = reason(made.demand, made.pressure, old=event.current_price, new=made.price)
    with acting(price_rule=rule.name, price_reason=why):
        stamp(connection)
        event.current_price = made.price
        event.save(update_fields=["current_price"])
    stamp(connection)
    return made.price
