"""The forecast of sales, compared with hand-made cases."""

from boxoffice.figures.sales_curves import SalesCurve, forecast


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
