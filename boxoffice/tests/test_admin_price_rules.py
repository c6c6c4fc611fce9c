"""The price rule of an event in the admin: previewed, reviewed, saved, suspended and resumed."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from bookings.factories import BookingFactory
from bookings.models import Booking
from boxoffice.pricing.timeline import earlier_events, plan_of, timeline_of
from boxoffice.tests.organizing import confirmed, errors_of, event_page, form_of, tab
from evently.accounts.factories import OrganizerFactory
from events.factories import EventFactory
from events.models import Event, PriceChange, PriceRule
from events.operations import price_rule_of, save_price_rule
from waitlists.factories import WaitlistEntryFactory
from waitlists.models import WaitlistEntry
from waitlists.tests.drawing_rows import announce

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
LIVE = {"headers": {"HX-Request": "true"}}


def selling(organizer, **columns):
    """Return an event of €30 with 20 seats that opened 10 days ago and starts in 10."""
    today = timezone.now()
    given = {
        "priced": 30,
        "total_capacity": 20,
        "created_at": today - 11 * DAY,
        "published_at": today - 10 * DAY,
        "event_date": today + 10 * DAY,
    }
    return EventFactory(created_by=organizer, **(given | columns))


def sold(event, *days_ago, **columns):
    today = timezone.now()
    for days in days_ago:
        BookingFactory(event=event, created_at=today - days * DAY, **columns)


def rule_form(admin, event, **changes):
    """Return what a browser would send with the form of a rule."""
    form = admin.get(tab(event, "price_rule")).context["form"]
    data = {bound.html_name: bound.value() for bound in form}
    data = {name: "on" if value is True else value for name, value in data.items()}
    return {name: value for name, value in (data | changes).items() if value is not False}


def sent(admin, event, answer, **changes):
    data = rule_form(admin, event, **changes) | {"answer": answer}
    return admin.post(tab(event, "price_rule"), data)


def test_new_rule_is_previewed_reviewed_and_saved(admin, organizer):
    event = selling(organizer)
    sold(event, 9, 8, quantity=4)
    url = tab(event, "price_rule")

    page = admin.get(url)
    assert page.context["state"].label == "off"
    # A suggestion to begin with, and what it would have done.
    assert page.context["form"]["floor"].value() == "20.00"
    assert page.context["preview"].replay.last.seats == 8
    assert "The price would" in page.context["outlook"]["headline"]

    changes = {"floor": "20", "ceiling": "40,50", "weight_sold": "100", "enabled": "on"}
    live = admin.post(url, rule_form(admin, event, **changes), **LIVE)
    assert live.templates[0].name == "admin/events/_price_preview.html"
    assert live.context["preview"].replay.points[0].price == 30
    assert "Highest €40.50" in live.content.decode()

    # Nothing is saved by a preview, nor before the review is confirmed.
    assert sent(admin, event, "preview", **changes).context["warnings"] == []
    review = sent(admin, event, "save", **changes)
    assert not PriceRule.objects.exists()
    assert "between €20.00 and €40.50" in review.context["question"]
    assert ("Weight of seats sold", "100%") in review.context["facts"]
    back = confirmed(admin, review, "back")
    assert back.context["form"]["ceiling"].value() == "40,50"
    answer = admin.get(confirmed(admin, review).url)

    rule = price_rule_of(event.pk)
    assert (rule.is_active, rule.floor, rule.ceiling, rule.weight_sold) == (True, 20, 40.5, 100)
    assert answer.context["state"].label == "on"
    assert "on: the price moves between €20.00 and €40.50" in answer.content.decode()


def test_rounding_interval_and_plan_are_chosen(admin, organizer):
    event = selling(organizer)
    chosen = {
        "rounding": "1:0.9",
        "plan": "late",
        "min_interval_minutes": "180",
        "step_kind": "amount",
        "max_step": "2",
    }

    confirmed(admin, sent(admin, event, "save", **chosen))

    rule = price_rule_of(event.pk)
    assert (rule.rounding_unit, rule.rounding_ending) == (1, Decimal("0.90"))
    assert (rule.plan[9], rule.min_interval_minutes) == (79, 180)
    save_price_rule(event_id=event.pk, version=1, min_interval_minutes=77, plan=[0, *[50] * 9, 100])
    # What another interface has set stays, unless it is changed.
    kept = rule_form(admin, event)
    assert (kept["plan"], kept["min_interval_minutes"], kept["rounding"]) == ("kept", 77, "1:0.9")
    review = sent(admin, event, "save", weight_pace="5")
    assert [one.name for one in review.context["differences"]] == ["weight of the pace"]


def test_settings_that_cannot_be_saved_are_named(admin, organizer):
    event = selling(organizer)

    for changes, field in (
        ({"floor": "31", "enabled": "on"}, "floor"),
        ({"ceiling": "0.005"}, "ceiling"),
        ({"max_step": "nothing"}, "max_step"),
        ({"weight_sold": "101"}, "weight_sold"),
    ):
        page = sent(admin, event, "save", **changes)
        assert field in page.context["form"].errors
        assert page.context["preview_errors"]
    page = sent(admin, event, "preview", floor="31")
    assert page.context["outlook"]["headline"].startswith("A seat costs €30.00 now, which is not")

    live = admin.post(tab(event, "price_rule"), rule_form(admin, event, floor=""), **LIVE)
    assert "Lowest price: This field is required." in live.content.decode()
    assert not PriceRule.objects.exists()


def test_warnings_are_shown_before_saving(admin, organizer):
    event = selling(organizer)
    same = {"floor": "30", "ceiling": "30"}

    review = sent(admin, event, "save", **same)

    assert "the price never moves" in review.context["warnings"][0]
    assert "the price never moves" in sent(admin, event, "preview", **same).content.decode()


def test_two_editors_do_not_overwrite_each_other(admin, organizer):
    event = selling(organizer)
    save_price_rule(event_id=event.pk, version=0, floor=Decimal(20), ceiling=Decimal(40))
    data = rule_form(admin, event, floor="25") | {"answer": "save"}
    review = admin.post(tab(event, "price_rule"), data)
    save_price_rule(event_id=event.pk, version=1, ceiling=Decimal(50))

    # Whether the other one saved after the review, or before it.
    for answer in (confirmed(admin, review), admin.post(tab(event, "price_rule"), data)):
        assert "has changed while you were editing" in answer.context["form"].errors["__all__"][0]
        assert answer.context["form"]["version"].value() == "2"
        assert answer.context["form"]["floor"].value() == "25"
    assert price_rule_of(event.pk).floor == 20


def test_price_changed_by_hand_needs_a_reason_and_suspends_the_rule(admin, organizer):
    event = selling(organizer)
    save_price_rule(
        event_id=event.pk, version=0, floor=Decimal(20), ceiling=Decimal(40), enabled=True
    )
    data = form_of(admin, event_page(event)) | {"current_price": "26"}

    for reason in ("", "\u2060", "\u202eb"):
        wrong = data | {"price_reason": reason}
        assert "price_reason" in errors_of(admin.post(event_page(event), wrong))
    same = data | {"current_price": "30", "venue": "Barn", "price_reason": "Rain"}
    assert "price_reason" in errors_of(admin.post(event_page(event), same))
    assert "suspends the rule" in admin.get(event_page(event)).content.decode()
    review = admin.post(event_page(event), data | {"price_reason": "Students’ week"})
    assert review.context["warnings"][0] == "The price rule is suspended until you resume it."
    assert review.context["facts"] == [("Reason for the new price", "Students’ week")]
    confirmed(admin, review, "no")

    assert PriceChange.objects.get().reason == "Students’ week"
    page = admin.get(tab(event, "price_rule"))
    state = page.context["state"]
    assert (state.label, state.resumes) == ("suspended", True)
    assert "Olive Organizer set it from €30.00 to €26.00: “Students’ week”." in state.text
    admin.post(
        tab(event, "price_rule"), {"state": "resume", "version": page.context["rule"].version}
    )
    assert price_rule_of(event.pk).is_active


def test_rule_is_resumed_only_within_its_bounds_and_switched_off(admin, organizer):
    event = selling(organizer)
    bounds = {"floor": Decimal(28), "ceiling": Decimal(40)}
    save_price_rule(event_id=event.pk, version=0, enabled=True, **bounds)
    Event.objects.filter(pk=event.pk).update(current_price=20)
    url = tab(event, "price_rule")

    answer = admin.post(url, {"state": "resume", "version": "2"}, follow=True)
    assert "A seat costs €20.00 now" in answer.content.decode()
    assert not price_rule_of(event.pk).is_active
    stale = admin.post(url, {"state": "off", "version": "1"}, follow=True)
    assert "The rule was not changed" in stale.content.decode()
    admin.post(url, {"state": "off", "version": "2"})
    assert not price_rule_of(event.pk).enabled


def test_earlier_event_is_replayed_and_lends_its_sales_curve(
    admin, organizer, clock, django_assert_max_num_queries
):
    later = timezone.now() + 20 * DAY
    event = selling(organizer, published_at=later - timedelta(hours=2), event_date=later + 30 * DAY)
    # Over by then; it sold for 20 days.
    earlier = selling(organizer, name="Last year", priced=10)
    sold(earlier, 9.5, 9, 5, quantity=4)
    sold(selling(organizer, currency="CHF"), 5)
    sold(selling(OrganizerFactory()), 5)
    clock.move(20 * DAY)
    url = tab(event, "price_rule")

    with django_assert_max_num_queries(30):
        page = admin.get(url)
    assert list(earlier_events(event, user=organizer, at=later)) == [earlier]
    # Nothing is booked yet, so it begins with the earlier event.
    assert page.context["source"] == earlier
    last = page.context["preview"].replay.last
    assert (last.seats, last.revenue_was) == (12, 120)
    assert page.context["preview"].replay.revenue_at_start_price == 360

    chosen = {"plan": str(earlier.pk), "source": str(earlier.pk)}
    preview = sent(admin, event, "preview", **chosen)
    assert "comes from 12 seats only" in preview.context["warnings"][-1]
    confirmed(admin, sent(admin, event, "save", **chosen))
    assert price_rule_of(event.pk).plan == [0, 66, 66, 100, 100, 100, 100, 100, 100, 100, 100]


def test_timeline_has_sales_returns_prices_and_waits(organizer):
    event = selling(organizer, total_capacity=4)
    sold(event, 9, 8)
    sold(event, 7, quantity=2)
    Booking.objects.filter(quantity=2).update(status="cancelled")
    Event.objects.filter(pk=event.pk).update(current_price=35)

    found = timeline_of(event, at=timezone.now())

    assert sorted((sale.seats, sale.until is None) for sale in found.sales) == [
        (1, True),
        (1, True),
        (2, False),
    ]
    assert [price for _, price in found.prices] == [30, 35]
    assert plan_of(found)[1] == 2
    assert not WaitlistEntry.objects.exists()
    sold(event, 1, quantity=2)
    for confirmed_at in (timezone.now(), None):
        WaitlistEntryFactory(event=event, quantity=2, confirmed_at=confirmed_at)
    assert [wait.seats for wait in timeline_of(event, at=timezone.now()).waiting] == [2]
    assert timeline_of(selling(organizer, published_at=None), at=timezone.now()) is None


def test_events_without_a_price_or_sales_to_come_have_no_form(admin, organizer):
    for event in (
        EventFactory(created_by=organizer),
        selling(organizer, sales_end_at=timezone.now() - DAY),
        selling(organizer, status="cancelled", cancel_reason="Storm"),
    ):
        page = admin.get(tab(event, "price_rule"))
        assert (page.status_code, "form" in page.context) == (200, False)

    draft = selling(organizer, published_at=None)
    page = admin.get(tab(draft, "price_rule"))
    assert "draft" in page.context["outlook"]["headline"]
    assert "no earlier event" in page.content.decode()
    drawn = selling(organizer)
    announce(drawn.pk)
    page = admin.get(tab(drawn, "price_rule"))
    assert page.context["outlook"]["headline"].startswith("Seats are drawn first")


def test_rules_of_other_organizers_are_out_of_reach(client):
    event = selling(OrganizerFactory())
    client.force_login(OrganizerFactory())

    for answer in (
        client.get(tab(event, "price_rule")),
        client.post(tab(event, "price_rule"), {"state": "off"}),
    ):
        assert answer.status_code == 404
