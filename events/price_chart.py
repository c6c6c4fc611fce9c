"""The price history of an event as a step chart, since a price holds until it changes."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal

from django.urls import reverse

from evently.charts.axes import INNER, Mark, Scale, apart, mark, scale_of_time, ticks_of_time
from evently.charts.drawing import Chart, area, line
from evently.formatting import money, times
from evently.time_zones import zone_in_words
from events.models import Event, PriceBounds, PriceChange
from events.moments import MINUTE, floor
from events.moving_price import bounds_of, bounds_text
from events.price_periods import Period, PriceRow, between, periods, price_rows

DRAWN_CHANGES = 300
LISTED_CHANGES = 50
# A ceiling this many times the highest price would press all prices into one line. It is drawn
# above them, not to scale: where, in percent from the bottom.
FAR = 2
FAR_HIGHEST, FAR_CEILING = 66.0, 88.0
# Older changes are joined day by day (`evently_compress_prices`).
KEPT_WHOLE = timedelta(days=365)

Steps = Sequence[tuple[datetime, Decimal]]


@dataclass(frozen=True)
class PriceChart:
    """The drawing of an event's prices, and the changes to be listed beside it.

    rows: newest first. zone_name: of their times. all_url: where there are more changes than
    listed, those of the price as data, else "".
    """

    drawing: Chart
    rows: Sequence[PriceRow]
    zone: str
    zone_name: str
    currency: str
    all_url: str


def price_chart(
    event: Event,
    changes: list[PriceChange],
    bounds: Sequence[PriceBounds] = (),
    *,
    at: datetime,
) -> PriceChart | None:
    """Return the chart of an event's prices until a time.

    None if there is nothing to draw: the price never changed, and no rule moves it. Until the last
    full minute, so that it stays the same for a minute. changes: newest first, all of them or more
    than DRAWN_CHANGES. bounds: what is recorded of them, newest first; drawn for when they held.
    """
    if not changes and not bounds_text(event):
        return None
    is_whole = len(changes) <= DRAWN_CHANGES
    steps = _steps(event, changes[:DRAWN_CHANGES], is_whole=is_whole)
    # At least a minute is drawn of the price of now.
    until = max(floor(at, MINUTE), steps[-1][0] + MINUTE)
    prices = [price for _, price in steps]
    held = periods(bounds, began=steps[0][0], until=until)
    x = scale_of_time(steps[0][0], until)
    y, marks = _scale(event, prices, held, x)
    rows, are_all = price_rows(event, changes, bounds, most=LISTED_CHANGES)
    points = [(moment.timestamp(), float(price)) for moment, price in steps]
    points.append((x.high, points[-1][1]))
    drawn = line("main", "Price", points, x, y, stepped=True, dotted=True)
    url = reverse("api_event_price_history", args=[event.pk])
    return PriceChart(
        drawing=Chart(
            summary=_summary(event, steps, is_whole=is_whole, at=at)
            + _bounds_summary(event, held, at=at),
            lines=[drawn],
            bands=[area(drawn)],
            marks=marks,
            ticks=ticks_of_time(x, event.zone),
        ),
        rows=rows,
        zone=event.timezone,
        zone_name=zone_in_words(event.timezone),
        currency=event.currency,
        all_url="" if are_all else url,
    )


def _steps(event: Event, changes: list[PriceChange], *, is_whole: bool) -> Steps:
    """Return from when each price held, the oldest first. changes: newest first."""
    began = event.published_at or event.created_at
    if not changes:
        return [(began, event.current_price)]
    first = changes[-1]
    if not is_whole or began >= first.applied_at:
        began = first.applied_at - timedelta(hours=1)
    return [
        (began, first.old_price),
        *((change.applied_at, change.new_price) for change in reversed(changes)),
    ]


def _scale(
    event: Event, prices: list[Decimal], held: Sequence[Period], x: Scale
) -> tuple[Scale, list[Mark]]:
    """Return the scale of the drawing, and its marks: the bounds of a rule, highest, lowest price.

    Bounds are drawn for when they held; those of now are labelled. A label that would be printed on
    that of a bound is left out, and so are earlier bounds far above all prices.
    """
    bounds = bounds_of(event)
    now, past = _apart(held, bounds)
    lowest, highest = min(prices), max(prices)
    lows = [lowest, *(period.floor for period in past), *(bounds or ())[:1]]
    highs = [highest, *(period.ceiling for period in past), *(bounds or ())[1:]]
    is_far = bounds is not None and bounds[1] > FAR * highest
    start, end = INNER
    y = Scale(
        float(min(lows)),
        float(max(high for high in highs if high <= FAR * highest)),
        start,
        FAR_HIGHEST if is_far else end,
    )
    shown = [mark(float(highest), _money(event, highest), y)]
    if lowest < highest:
        shown.append(mark(float(lowest), _money(event, lowest), y, is_below=True))
    lines = [bound for period in past for bound in _past_bounds(period, x, y, most=FAR * highest)]
    if bounds is None:
        return y, [*shown, *lines]
    since = _extent(now[0], x)[0] if now else 100.0
    labelled = [replace(one, start=since) for one in _bounds(event, y, bounds, is_far=is_far)]
    return y, [*apart(labelled, shown), *lines]


def _past_bounds(period: Period, x: Scale, y: Scale, *, most: Decimal) -> list[Mark]:
    start, end = _extent(period, x)
    return [
        replace(mark(float(price), "", y, style="bound"), start=start, end=end)
        for price in sorted({period.floor, period.ceiling})
        if price <= most
    ]


def _apart(
    held: Sequence[Period], bounds: tuple[Decimal, Decimal] | None
) -> tuple[Sequence[Period], Sequence[Period]]:
    """Return the period of the bounds of now, if there is one, and the others."""
    if held and bounds == (held[-1].floor, held[-1].ceiling):
        return held[-1:], held[:-1]
    return [], held


def _extent(period: Period, x: Scale) -> tuple[float, float]:
    return x.percent(period.since.timestamp()), x.percent(period.until.timestamp())


def _bounds(event: Event, y: Scale, bounds: tuple[Decimal, Decimal], *, is_far: bool) -> list[Mark]:
    low, high = (_money(event, price) for price in bounds)
    if bounds[0] == bounds[1]:
        return [mark(float(bounds[1]), f"Minimum and maximum {high}", y, style="bound")]
    ceiling = mark(float(bounds[1]), f"Maximum {high}", y, style="bound")
    if is_far:
        ceiling = Mark(100 - FAR_CEILING, f"Maximum {high} (not to scale)", "bound")
    floor = mark(float(bounds[0]), f"Minimum {low}", y, style="bound", is_below=True)
    return [ceiling, floor]


def _summary(event: Event, steps: Steps, *, is_whole: bool, at: datetime) -> str:
    prices = [price for _, price in steps]
    changes = len(prices) - 1
    first, now, low, high = (
        _money(event, price) for price in (prices[0], prices[-1], min(prices), max(prices))
    )
    is_joined = changes > 0 and steps[1][0] < at - KEPT_WHOLE
    if not changes:
        text = f"The price is {now} and has not changed yet."
    elif not is_whole:
        since = steps[1][0].astimezone(event.zone)
        text = (
            f"The last {changes} price changes, since {since.day} {since:%B %Y}: "
            f"the price was between {low} and {high}, and is now {now}."
        )
    elif is_joined:
        text = f"The price started at {first} and is now {now}. It was between {low} and {high}."
    else:
        text = (
            f"The price started at {first}, has changed {times(changes)} and is now {now}. "
            f"It has never been below {low} or above {high}."
        )
    if is_joined:
        text += " Of changes over a year ago, the last one of each day is kept."
    return text


def _bounds_summary(event: Event, held: Sequence[Period], *, at: datetime) -> str:
    bounds = bounds_of(event)
    now, past = _apart(held, bounds)
    if bounds is None:
        return " A price rule moved it at times, and no longer does." if past else ""
    # A rule moves the price as long as seats are sold.
    keeps = "keeps" if event.is_active and at < event.sales_close_at else "kept"
    text = f" The price rule {keeps} it {between(event, *bounds)}"
    if now and past:
        since = now[0].since.astimezone(event.zone)
        text += f" since {since.day} {since:%B %Y}, and had other bounds before"
    return f"{text}."


def _money(event: Event, amount: Decimal) -> str:
    return money(amount, event.currency)
