"""The forecast of sales, and the drawing of charts, compared with hand-made cases."""

from datetime import date

from boxoffice.figures.drawing import Scale, band, chosen, line, scale_up, ticks_left, ticks_of_days
from boxoffice.figures.sales_curves import SalesCurve, forecast

TEN = Scale(0, 10)


def near(share):
    return round(share, 6)


def test_a_curve_holds_its_level_until_the_next_change():
    curve = SalesCurve("Evening", 10, {5: 2, 3: 6, 0: 12})

    assert curve.first_day == 5
    assert [curve.seats_at(day) for day in (6, 5, 4, 3, 0)] == [0, 2, 2, 6, 12]
    assert curve.shares(5, 2) == [(5, 0.2), (4, 0.2), (3, 0.6), (2, 0.6)]
    assert curve.share_at(0) == 1, "a capacity that was lowered later"
    assert SalesCurve("None", 10, {}).shares(1) == [(1, 0.0), (0, 0.0)]


def test_a_forecast_adds_what_earlier_events_gained_from_the_same_day_on():
    now = SalesCurve("Now", 100, {4: 10, 2: 30})
    earlier = [
        SalesCurve("Gained 20%", 10, {9: 5, 1: 6, 0: 7}),
        SalesCurve("Gained 90%", 10, {3: 1, 0: 10}),
        SalesCurve("Lost 40%", 10, {2: 5, 1: 1}),
    ]

    found = forecast(now, days_left=2, earlier=earlier)
    assert [(day.days_left, *map(near, (day.low, day.middle, day.high))) for day in found] == [
        (2, 0.3, 0.3, 0.3),
        (1, 0.0, 0.3, 0.4),
        (0, 0.0, 0.5, 1.0),
    ]
    (*_, alone) = forecast(now, days_left=2, earlier=earlier[:1])
    assert [near(share) for share in (alone.low, alone.middle, alone.high)] == [0.5, 0.5, 0.5]


def test_without_an_event_that_tells_there_is_no_forecast():
    now, full = SalesCurve("Now", 100, {4: 10}), SalesCurve("Full", 10, {9: 10})

    assert forecast(now, days_left=2, earlier=[]) == []
    assert forecast(now, days_left=2, earlier=[full]) == []
    assert forecast(now, days_left=-1, earlier=[SalesCurve("Some", 10, {9: 1})]) == []


def test_points_become_lines_dots_and_bands():
    drawn = line("main", "Sales", [(0, 0), (5, 10), (10, 10)], TEN, TEN)
    assert (drawn.points, drawn.dot) == ("0.00,100.00 50.00,0.00 100.00,0.00", None)
    stepped = line("main", "Price", [(0, 5), (2, 5), (4, 10), (10, 10)], TEN, TEN, stepped=True)
    assert stepped.points == "0.00,50.00 40.00,50.00 40.00,0.00 100.00,0.00"
    one = line("main", "One", [(7, 5)], Scale(7, 7), TEN)
    assert (one.points, one.dot) == ("50.00,50.00", ("50.00", "50.00"))
    area = band("Range", [(0, 5, 5), (10, 2, 8)], TEN, TEN)
    assert area.points == "0.00,50.00 100.00,20.00 100.00,80.00 0.00,50.00"
    assert band("Range", [(0, 5, 5), (10, 6, 6)], TEN, TEN) is None
    assert band("Range", [(0, 5, 6)], TEN, TEN) is None


def test_axes_have_few_round_labels_however_long_they_are():
    assert [scale_up(value)[1] for value in (0, 3, 7, 41, 1_000)] == [
        [1],
        [1, 2, 3],
        [2, 4, 6, 8],
        [20, 40, 60],
        [500, 1000],
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
        return [tick.text for tick in ticks_of_days(*ends, scale)]

    day = date(2026, 3, 1)
    assert days(day, day) == ["1 Mar"]
    assert days(day, date(2026, 3, 2)) == ["1 Mar", "2 Mar"]
    assert days(day, date(2027, 4, 5)) == ["1 Mar 2026", "17 Sep 2026", "5 Apr 2027"]
    assert chosen(400, 3) == [0, 200, 399]
    assert chosen(2, 12) == [0, 1]
