"""Charts: what points, values and times become, compared with hand-made cases."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from evently.charts.axes import (
    INNER,
    Scale,
    apart,
    chosen,
    mark,
    scale_of_time,
    scale_up,
    ticks_left,
    ticks_of_days,
    ticks_of_time,
)
from evently.charts.drawing import area, band, line

TEN = Scale(0, 10)
BERLIN = ZoneInfo("Europe/Berlin")


def test_points_become_lines_dots_and_bands():
    drawn = line("main", "Sales", [(0, 0), (5, 10), (10, 10)], TEN, TEN)
    assert (drawn.points, drawn.dot) == ("0.00,100.00 50.00,0.00 100.00,0.00", None)
    stepped = line("main", "Price", [(0, 5), (2, 5), (4, 10), (10, 10)], TEN, TEN, stepped=True)
    assert stepped.points == "0.00,50.00 40.00,50.00 40.00,0.00 100.00,0.00"
    one = line("main", "One", [(7, 5)], Scale(7, 7), TEN)
    assert (one.points, one.dot) == ("50.00,50.00", ("50.00", "50.00"))
    spread = band("Range", [(0, 5, 5), (10, 2, 8)], TEN, TEN)
    assert spread.points == "0.00,50.00 100.00,20.00 100.00,80.00 0.00,50.00"
    assert band("Range", [(0, 5, 5), (10, 6, 6)], TEN, TEN) is None
    assert band("Range", [(0, 5, 6)], TEN, TEN) is None
    dotted = line("main", "Now", [(0, 5), (10, 10)], TEN, TEN, stepped=True, dotted=True)
    assert dotted.dot == ("100.00", "0.00")
    assert area(dotted).points == "0,100 0.00,50.00 100.00,50.00 100.00,0.00 100,100"


def test_axes_have_few_round_labels_however_long_they_are():
    def marks_up_to(value):
        return [mark.text for mark in scale_up(value, str)[1]]

    assert [marks_up_to(value) for value in (0, 3, 7, 41, 1_000)] == [
        ["1"],
        ["1", "2", "3"],
        ["2", "4", "6", "8"],
        ["20", "40", "60"],
        ["500", "1000"],
    ]
    left = ticks_left(400, Scale(-400, 0))
    assert [tick.text for tick in left] == [
        "360 days",
        "240 days",
        "120 days",
        "event",
    ]
    assert (left[-1].at, left[-1].side) == ("100.00", "end")
    assert [tick.text for tick in ticks_left(0, Scale(0, 0))] == ["event"]

    def days(*ends):
        scale = Scale(*(end.toordinal() for end in ends))
        return [tick.text for tick in ticks_of_days(scale)]

    day = date(2026, 3, 1)
    assert days(day, day) == ["1 Mar"]
    assert days(day, date(2026, 3, 2)) == ["1 Mar", "2 Mar"]
    assert days(day, date(2027, 4, 5)) == ["1 Mar 2026", "17 Sep 2026", "5 Apr 2027"]
    assert chosen(400, 3) == [0, 200, 399]
    assert chosen(2, 12) == [0, 1]


def test_labels_stay_apart():
    y = Scale(0, 10, *INNER)
    first = [mark(10, "Maximum", y, style="bound")]
    assert [round(shown.y) for shown in (*first, mark(0, "0", y), mark(5, "5", y))] == [17, 83, 50]
    kept = apart(first, [mark(9, "9", y), mark(8, "8", y)])
    assert [shown.text for shown in kept] == ["Maximum", "8"]


def ticks(zone, *ends):
    shown = ticks_of_time(scale_of_time(*ends), zone)
    return [(tick.text, tick.at, tick.side) for tick in shown]


def test_days_of_a_time_axis_begin_at_midnight_of_the_event():
    # It is midnight in Tonga, 13 hours ahead of UTC.
    first = datetime(2026, 6, 1, 11, tzinfo=UTC)
    assert ticks(ZoneInfo("Pacific/Tongatapu"), first, first + timedelta(days=3)) == [
        ("2 Jun", "0.00", "start"),
        ("4 Jun", "66.67", "middle"),
        ("5 Jun", "100.00", "end"),
    ]


def test_time_axes_follow_the_clocks_where_they_change():
    # The clocks go back from 03:00 to 02:00 on 25 October, and that day has 25 hours.
    start = datetime(2026, 10, 23, 22, tzinfo=UTC)
    (_, (text, at, _), _) = ticks(BERLIN, start, start + timedelta(hours=24 + 25 + 1))
    assert (text, at) == ("25 Oct", "48.00")
    # In Cairo there was no midnight on 28 April 2023.
    start = datetime(2023, 4, 26, 22, tzinfo=UTC)
    (_, (text, at, _), _) = ticks(ZoneInfo("Africa/Cairo"), start, start + timedelta(hours=48))
    assert (text, at) == ("28 Apr", "50.00")


def test_short_times_have_hours_and_tell_apart_an_hour_that_comes_twice():
    at = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    hour = timedelta(hours=1)
    assert [text for text, *_ in ticks(BERLIN, at, at + hour)] == [
        "25 Oct, 02:30 CEST",
        "25 Oct, 02:30 CET",
    ]
    assert [text for text, *_ in ticks(BERLIN, at - hour, at)] == ["25 Oct, 01:30", "25 Oct, 02:30"]
    assert ticks(BERLIN, at, at) == [("25 Oct, 02:30", "50.00", "middle")]
