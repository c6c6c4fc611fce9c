"""What attendees are told of a price that moves by a rule: how far, why, and when it rises next."""

from dataclasses import dataclass
from decimal import Decimal

from django.contrib.postgres.fields import ArrayField
from django.db.models import Case, DecimalField, F, Func, When

from evently.formatting import as_sentence, counted, moment, money
from events.models import Event, PriceChange
from events.sale import Sale


class _AnnouncedRise(Func):
    template = (
        "(SELECT ARRAY[rise.price, rise.at_taken] FROM evently_next_price(%(expressions)s) AS rise)"
    )
    output_field = ArrayField(DecimalField())


# The next rise that an event's rule announces, as [price, seats taken by then], or None. Looked up
# only for events whose price moves.
NEXT_RISE = Case(When(price_ceiling__isnull=False, then=_AnnouncedRise(F("pk"))))


@dataclass(frozen=True)
class MovingPrice:
    """A price that moves by a rule, in sentences; "" for what there is nothing to say about.

    next_rise: "From €28.00 after 20 more seats, as things stand.".
    """

    bounds: str
    last_change: str
    next_rise: str


def moving_price(
    event: Event, sale: Sale, *, last_change: PriceChange | None
) -> MovingPrice | None:
    """Return what to say of an event's price while seats can still be bought; None if it is fixed.

    event: with `next_rise`, as `NEXT_RISE` finds it.
    """
    bounds = bounds_text(event)
    if not bounds or not sale.can_still_buy:
        return None
    return MovingPrice(bounds, _last_change(event, last_change), _next_rise(event, sale))


def bounds_of(event: Event) -> tuple[Decimal, Decimal] | None:
    """Return the lowest and the highest price of the active rule; they may be the same."""
    if event.price_floor is None or event.price_ceiling is None:
        return None
    return event.price_floor, event.price_ceiling


def bounds_text(event: Event) -> str:
    """Return between which prices a rule moves the event's price, in a sentence; "" if none does.

    A rule whose lowest price is its highest moves nothing.
    """
    bounds = bounds_of(event)
    if bounds is None or bounds[0] == bounds[1]:
        return ""
    lowest, highest = (_money(event, price) for price in bounds)
    return f"The price moves between {lowest} and {highest} with demand."


def _last_change(event: Event, change: PriceChange | None) -> str:
    if change is None:
        return "It has not changed yet."
    old, new = _money(event, change.old_price), _money(event, change.new_price)
    at = moment(change.applied_at, event.zone)
    text = f"Last change: from {old} to {new} on {at}, {change.changed_by.label}."
    reason = change.reason
    return f"{text} {as_sentence(reason[0].upper() + reason[1:])}" if reason else text


def _next_rise(event: Event, sale: Sale) -> str:
    """Return when the price rises next, counted from the seats taken now.

    Not where no seat would be left at that price.
    """
    announced: tuple[Decimal, Decimal] | None = getattr(event, "next_rise", None)
    if announced is None or not sale.can_book:
        return ""
    price, at_taken = announced
    more = int(at_taken) - sale.taken
    if price <= event.current_price or more >= sale.available:
        return ""
    if more <= 0:
        return f"May rise to {_money(event, price)} or more with its next change."
    return f"From {_money(event, price)} after {counted(more, 'more seat')}, as things stand."


def _money(event: Event, amount: Decimal) -> str:
    return money(amount, event.currency)
