"""The charts of an event's figures, each with its table and a sentence that says what it shows."""

from collections.abc import Callable, Sequence
from datetime import date, datetime
from decimal import Decimal

from boxoffice.figures.daily import LONGEST, Daily
from boxoffice.figures.sales_curves import Expected, SalesCurve
from evently.charts.axes import (
    Scale,
    chosen,
    mark,
    scale_of_time,
    scale_up,
    ticks_left,
    ticks_of_days,
    ticks_of_time,
)
from evently.charts.drawing import Chart, Line, Points, Table, band, line
from evently.formatting import MISSING, counted, moment, money
from evently.local_time import local_day
from events.models import Event, PriceChange

# Rows of a table beside a chart.
ROWS = 12


def sales_chart(
    curve: SalesCurve,
    *,
    days_left: int,
    earlier: Sequence[SalesCurve],
    expected: Sequence[Expected],
) -> Chart | None:
    """Draw sales against the time left; None where no seats were booked at any of the events.

    days_left: until the event, negative once it is over. earlier: as many as there are line styles.
    """
    last = max(days_left, 0)
    earlier = [event for event in earlier if event.seats]
    if not curve.seats and not earlier:
        return None
    first = max([curve.first_day, last, *(event.first_day for event in earlier)])
    x, y = Scale(-first, 0), Scale(0, 1)

    def drawn(style: str, label: str, event: SalesCurve, until: int) -> Line:
        begins = max(event.first_day, until)
        points = [(-day, share) for day, share in event.shares(begins, until)]
        return line(style, label, points, x, y, dotted=style == "main")

    # The key lists lines from the last, which is drawn on top, to the first.
    lines = [drawn(f"rest{n}", event.name, event, 0) for n, event in enumerate(earlier, start=1)]
    lines.reverse()
    if expected:
        middle = [(-day.days_left, day.middle) for day in expected]
        lines.append(line("guess", "Forecast", middle, x, y))
    lines.append(drawn("main", "This event", curve, last))
    spread = band("Range", [(-day.days_left, day.low, day.high) for day in expected], x, y)
    return Chart(
        summary=_sales_summary(curve, last, expected),
        lines=lines,
        bands=[spread] if spread else [],
        marks=[mark(share, _share_mark(curve, share), y) for share in (0.5, 1)],
        ticks=ticks_left(first, x),
        table=_sales_table(curve, first, last, earlier, expected),
    )


def _share_mark(curve: SalesCurve, share: float) -> str:
    return f"{share:.0%}" + (f" ({counted(curve.capacity, 'seat')})" if share == 1 else "")


def _sales_summary(curve: SalesCurve, last: int, expected: Sequence[Expected]) -> str:
    booked = f"{counted(curve.seats_at(last), 'seat')} of {curve.capacity:,} booked"
    when = f"{counted(last, 'day')} before the event" if last else "by the day of the event"
    text = f"{booked} {when}."
    if expected:
        seats = _seats_expected(curve, expected[-1])
        text += f" Forecast for the day of the event: {seats}."
    return text


def _seats_expected(curve: SalesCurve, day: Expected) -> str:
    low, middle, high = (round(share * curve.capacity) for share in (day.low, day.middle, day.high))
    between = f", between {low:,} and {high:,}" if low != high else ""
    return f"{counted(middle, 'seat')}{between}"


def _sales_table(
    curve: SalesCurve,
    first: int,
    last: int,
    earlier: Sequence[SalesCurve],
    expected: Sequence[Expected],
) -> Table:
    by_day = {day.days_left: day for day in expected}
    # Days to come are told by a forecast or an earlier event only.
    until = 0 if expected or earlier else last
    numbers = {first - number for number in chosen(first - until + 1, ROWS)} | {last}
    rows = []
    for day in sorted(numbers, reverse=True):
        own = f"{curve.seats_at(day):,} ({curve.share_at(day):.0%})" if day >= last else MISSING
        row = [str(day), own, *(f"{event.share_at(day):.0%}" for event in earlier)]
        if expected:
            row.append(_seats_expected(curve, by_day[day]) if day in by_day else MISSING)
        rows.append(row)
    headings = ["Days before", "This event", *(event.name for event in earlier)]
    return Table([*headings, *(["Forecast"] if expected else [])], rows)


# ── Prices ──────────────────────────────────────────────────────────────────
def price_chart(event: Event, changes: Sequence[PriceChange], *, at: datetime) -> Chart:
    """Draw the price until a time. changes: the latest, newest first."""
    first = max(event.published_at or event.created_at, at - LONGEST)
    steps = [(change.applied_at, change.new_price) for change in reversed(changes)]
    began = changes[-1].old_price if changes else event.current_price
    inside = [(since, price) for since, price in steps if since > first]
    before = [price for since, price in steps if since <= first]
    steps = [(first, before[-1] if before else began), *inside]
    prices = [price for _, price in steps]
    x = scale_of_time(first, max(at, steps[-1][0]))
    points = [(since.timestamp(), float(price)) for since, price in steps]
    points.append((x.high, points[-1][1]))
    y, marks = scale_up(max(float(price) for price in prices), _amount(event))
    return Chart(
        summary=_price_summary(event, prices),
        lines=[line("main", "Price of a seat", points, x, y, stepped=True, dotted=True)],
        marks=marks,
        ticks=ticks_of_time(x, event.zone),
        table=Table(
            ["From", "Price"],
            [
                [moment(since, event.zone), money(price, event.currency)]
                for since, price in reversed(steps[-ROWS:])
            ],
        ),
    )


def _amount(event: Event) -> Callable[[float], str]:
    return lambda value: money(Decimal(value), event.currency)


def _price_summary(event: Event, prices: Sequence[Decimal]) -> str:
    now = money(prices[-1], event.currency)
    if len(prices) == 1:
        return f"The price is {now} and has not changed."
    low, high = (money(price, event.currency) for price in (min(prices), max(prices)))
    return (
        f"The price has changed {counted(len(prices) - 1, 'time')}, was between {low} and {high}, "
        f"and is now {now}."
    )


# ── The waitlist ────────────────────────────────────────────────────────────
def waitlist_chart(event: Event, daily: Daily, *, at: datetime) -> Chart | None:
    """Draw who waits, and for how many seats, at the end of each day; None if no one ever did."""
    entries, seats = daily.get("waiting", []), daily.get("seats_wanted", [])
    if not entries:
        return None
    first = max(entries[0][0], at - LONGEST)
    x = Scale(*(local_day(end, event.zone).toordinal() for end in (first, max(at, first))))
    highest = max(float(value) for _, value in [*entries, *seats])
    y, marks = scale_up(highest, lambda value: f"{value:,.0f}")

    def drawn(style: str, label: str, levels: Points) -> Line:
        return line(style, label, levels, x, y, stepped=True, dotted=True)

    waiting, wanted = (_levels(event, rows, x) for rows in (entries, seats))
    return Chart(
        summary=(
            f"{counted(int(waiting[-1][1]), 'waitlist entry', 'waitlist entries')} waiting for "
            f"{counted(int(wanted[-1][1]), 'seat')}; at most "
            f"{int(max(value for _, value in waiting)):,} for "
            f"{counted(int(max(value for _, value in wanted)), 'seat')}."
        ),
        lines=[drawn("rest2", "Seats wanted", wanted), drawn("main", "Entries waiting", waiting)],
        marks=marks,
        ticks=ticks_of_days(x),
        table=_waitlist_table(waiting, wanted),
    )


def _levels(event: Event, rows: Sequence[tuple[datetime, Decimal]], x: Scale) -> Points:
    """Return a level for each day: where it stood where nothing happened."""
    known = {local_day(at, event.zone).toordinal(): float(value) for at, value in rows}
    before = [value for day, value in sorted(known.items()) if day < x.low]
    level, levels = before[-1] if before else 0.0, []
    for day in range(int(x.low), int(x.high) + 1):
        level = known.get(day, level)
        levels.append((float(day), level))
    return levels


def _waitlist_table(waiting: Points, wanted: Points) -> Table:
    return Table(
        ["Day", "Entries waiting", "Seats wanted"],
        [
            [
                _day(int(waiting[number][0])),
                f"{waiting[number][1]:,.0f}",
                f"{wanted[number][1]:,.0f}",
            ]
            for number in reversed(chosen(len(waiting), ROWS))
        ],
    )


def _day(ordinal: int) -> str:
    day = date.fromordinal(ordinal)
    return f"{day:%a} {day.day} {day:%b %Y}"
