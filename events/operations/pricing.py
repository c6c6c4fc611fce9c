"""Setting up, changing, suspending and resuming the rule by which an event's price moves."""

from decimal import Decimal
from typing import Any
from uuid import UUID

from evently.currencies import decimals_text, exponent_of, fits
from evently.database.money import TOO_LARGE
from evently.errors import Conflict, EditedMeanwhile, Invalid
from evently.formatting import money
from evently.idempotency.keys import Idempotency
from evently.transactions import refusing, run_in_transaction
from events.constraints import PRICE_LIMIT, PaymentMode
from events.locks import lock_event
from events.models import Event, PriceRule
from events.operations.editing import EventOver
from events.pricing.defaults import DEFAULTS, rounding_for
from events.pricing.plan import SalesPlan
from events.pricing.rule import StepKind
from events.pricing_models import FEWEST_MINUTES, MOST_MINUTES

AMOUNTS = ("floor", "ceiling", "max_step", "rounding_unit", "rounding_ending")
WEIGHTS = ("weight_sold", "weight_pace", "weight_waitlist")


class NoPriceRule(Conflict):
    """The event has no price rule, or it is switched off."""

    code = "no_price_rule"
    message = "This event has no price rule that is switched on."


def price_rule_of(event_id: UUID) -> PriceRule | None:
    """Return the price rule of an event, on or off; None where none was ever set up."""
    return PriceRule.objects.filter(event_id=event_id).first()


def save_price_rule(
    *,
    event_id: UUID,
    version: int | None,
    resume: bool = False,
    idempotency: Idempotency | None = None,
    **settings: Any,
) -> PriceRule:
    """Set up or change the price rule of an event; what is not given stays, or is the default.

    version: of the rule that the change was made from; 0 where there was none; None changes
    whatever is there. resume: whether a suspended rule goes on. settings: of `PriceRule.SETTINGS`.
    Raises EventOver, EditedMeanwhile, Invalid (messages by field), Replayed (`idempotency`).
    """
    if unknown := settings.keys() - set(PriceRule.SETTINGS):
        raise Invalid(fields=dict.fromkeys(unknown, "This field cannot be set."))

    def work() -> PriceRule:
        event = lock_event(event_id)
        if not event.is_active:
            raise EventOver
        rule = _rule_to_change(event, version)
        for name, value in settings.items():
            setattr(rule, name, value)
        if resume or not rule.enabled:
            rule.suspended_at = None
        check_price_rule(rule, event)
        _save(rule)
        return rule

    return run_in_transaction(work, idempotency=idempotency)


def resume_price_rule(*, event_id: UUID, version: int | None) -> PriceRule:
    """Let a suspended rule go on from the price as it is now.

    Raises NoPriceRule, EventOver, EditedMeanwhile, Invalid where the price is outside the bounds.
    """

    def work() -> PriceRule:
        event = lock_event(event_id)
        if not event.is_active:
            raise EventOver
        rule = _rule_to_change(event, version)
        if not rule.enabled:
            raise NoPriceRule
        if rule.suspended_at is not None:
            rule.suspended_at = None
            check_price_rule(rule, event)
            _save(rule)
        return rule

    return run_in_transaction(work)


def new_price_rule(event: Event) -> PriceRule:
    """Return an unsaved rule for an event with the default settings, and no bounds."""
    unit, ending = rounding_for(event.base_price, exponent_of(event.currency))
    return PriceRule(event=event, rounding_unit=unit, rounding_ending=ending, **DEFAULTS)


def check_price_rule(rule: PriceRule, event: Event) -> None:
    """Refuse settings that are invalid, or a rule that is on and does not fit its event.

    Raises Invalid, with one message per field.
    """
    problems = _amount_problems(rule, event) | _number_problems(rule)
    if not problems and rule.is_active:
        problems = _event_problems(rule, event)
    if problems:
        raise Invalid(fields=problems)


def _rule_to_change(event: Event, version: int | None) -> PriceRule:
    rule = price_rule_of(event.pk)
    current = 0 if rule is None else rule.version
    if version is not None and version != current:
        raise EditedMeanwhile(version=current)
    return rule or new_price_rule(event)


def _save(rule: PriceRule) -> None:
    columns = None if rule._state.adding else [*PriceRule.SETTINGS, "suspended_at"]
    with refusing(trg_pricing_rule_price=EditedMeanwhile, trg_pricing_rule_money=EditedMeanwhile):
        rule.save(update_fields=columns)
    rule.refresh_from_db()


def _amount_problems(rule: PriceRule, event: Event) -> dict[str, str]:
    problems: dict[str, str] = {}
    is_percent = rule.step_kind == StepKind.PERCENT
    for name in AMOUNTS:
        amount, least = getattr(rule, name), Decimal(0)
        if not isinstance(amount, Decimal | int) or not Decimal(amount).is_finite():
            problems[name] = "Enter an amount."
        elif amount < least or (amount == 0 and name != "rounding_ending"):
            problems[name] = "Enter an amount above 0."
        elif amount >= PRICE_LIMIT:
            problems[name] = TOO_LARGE
        elif not (name == "max_step" and is_percent) and not fits(Decimal(amount), event.currency):
            problems[name] = decimals_text(event.currency)
    if not problems:
        if rule.floor > rule.ceiling:
            problems["ceiling"] = "The highest price must not be below the lowest."
        if rule.rounding_ending >= rule.rounding_unit:
            problems["rounding_ending"] = "The ending must be below what prices are multiples of."
        if is_percent and rule.max_step > 100:
            problems["max_step"] = "Enter at most 100 percent."
    return problems


def _number_problems(rule: PriceRule) -> dict[str, str]:
    problems: dict[str, str] = {}
    if rule.step_kind not in list(StepKind):
        problems["step_kind"] = "Choose “amount” or “percent”."
    if not FEWEST_MINUTES <= (rule.min_interval_minutes or 0) <= MOST_MINUTES:
        problems["min_interval_minutes"] = (
            f"Enter {FEWEST_MINUTES} to {MOST_MINUTES:,} minutes (30 days)."
        )
    for name in WEIGHTS:
        if not 0 <= getattr(rule, name) <= 100:
            problems[name] = "Enter 0 to 100."
    if not 1 <= rule.expected_percent <= 100:
        problems["expected_percent"] = "Enter 1 to 100 percent."
    try:
        SalesPlan(tuple(rule.plan))
    except (TypeError, ValueError):
        problems["plan"] = "Enter 11 shares in percent that never fall, from 0 to 100."
    return problems


def _event_problems(rule: PriceRule, event: Event) -> dict[str, str]:
    if event.payment_mode == PaymentMode.FREE:
        return {"enabled": "This event is free of charge, so there is no price to move."}
    price = money(event.current_price, event.currency)
    if event.current_price < rule.floor:
        return {
            "floor": f"A seat costs {price} now. Enter at most that, or change the price first."
        }
    if event.current_price > rule.ceiling:
        return {
            "ceiling": f"A seat costs {price} now. Enter at least that, or change the price first."
        }
    return {}
