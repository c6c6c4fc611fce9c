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
class NextRise:
    """A seat costs this price after so many more seats are taken; 0: with the next change."""

    price: Decimal
    seats: int


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

    event: with `next_rise`, as `NEXT_RISE` finds it; else it is looked up.
    """
    bounds = bounds_text(event)
    if not bounds or not sale.can_still_buy:
        return None
    rise = rise_text(event, next_rise(event, sale))
    return MovingPrice(bounds, _last_change(event, last_change), rise)


def next_rise(event: Event, sale: Sale) -> NextRise | None:
    """Return the rise that is announced, counted from the seats taken now: on pages and in the API.

    None where none is, no seat can be booked, or none would be left at that price. event: with
    `next_rise`, as `NEXT_RISE` finds it; else it is looked up if a rule moves the price.
    """
    if event.price_ceiling is None or not sale.can_book:
        return None
    if "next_rise" not in vars(event):
        found = Event.objects.filter(pk=event.pk).values_list(NEXT_RISE)
        vars(event)["next_rise"] = found[0][0] if found else None
    announced: tuple[Decimal, Decimal] | None = vars(event)["next_rise"]
    if announced is None:
        return None
    price, at_taken = announced
    more = int(at_taken) - sale.taken
    if price <= event.current_price or more >= sale.available:
        return None
    return NextRise(price, max(more, 0))


def rise_text(event: Event, rise: NextRise | None) -> str:
    """Return when the price rises next, in a sentence; "" where nothing is announced."""
    if rise is None:
        return ""
    price = _money(event, rise.price)
    if not rise.seats:
        return f"May rise to {price} or more with its next change."
    return f"From {price} after {counted(rise.seats, 'more seat')}, as things stand."


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


def _money(event: Event, amount: Decimal) -> str:
    return money(amount, event.currency)
