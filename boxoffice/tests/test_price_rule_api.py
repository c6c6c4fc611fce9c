"""The price rule in the API: as an integrator reads, sets, suspends and resumes it."""

from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from bookings.factories import BookingFactory
from boxoffice.pricing.applying import apply_price_rule
from boxoffice.pricing.preview_serializers import ShareField
from evently.accounts.factories import OrganizerFactory
from evently.api.examples import (
    PRICE_PREVIEW_VALUE,
    PRICE_RULE_REQUEST_VALUE,
    PRICE_RULE_VALUE,
)
from evently.api.tests.client import api, assert_problem
from evently.database.clock import now
from evently.tests.together import run_together
from events.factories import EventFactory
from events.models import Event, EventStatus, PriceChange, PriceRule

pytestmark = pytest.mark.django_db
BODY = {"enabled": True, "floor": "20.00", "ceiling": "40.00"}
ANY = {"If-Match": "*"}
EVEN = list(range(0, 101, 10))


@pytest.fixture
def event():
    return EventFactory(created_by=OrganizerFactory(), priced=30)


def url_of(event, rest=""):
    return f"/api/v1/events/{event.pk}/pricing-rule/{rest}"


def put(event, body, version="*"):
    return api(event.created_by).put(url_of(event), body, headers={"If-Match": version})


def test_rule_is_read_set_and_replaced(event):
    client = api(event.created_by)
    before = client.get(url_of(event))
    shown = before.json()
    assert (shown["state"], shown["version"], shown["floor"]) == ("off", 0, None)
    assert (shown["max_step"], shown["step_kind"], shown["plan"]) == ("10", "percent", EVEN)
    assert shown["warnings"] == []
    assert shown.keys() == PRICE_RULE_VALUE.keys()

    first = {"If-Match": before.headers["ETag"]}
    made = client.put(url_of(event), BODY | {"weights": {"pace": 0}, "plan": "late"}, headers=first)

    assert made.status_code == 200, made.content
    shown = made.json()
    assert (shown["state"], shown["version"], shown["current_price"]) == ("active", 1, "30.00")
    assert shown["weights"] == {"sold": 50, "pace": 0, "waitlist": 50}
    assert (shown["plan_name"], shown["plan"][1]) == ("late", 3)
    same = client.get(url_of(event))
    assert (same.json(), same.headers["ETag"]) == (shown, made.headers["ETag"])
    stale = client.put(url_of(event), BODY, headers=first)
    assert assert_problem(stale, 412, "edited_meanwhile")["version"] == 1
    assert_problem(client.put(url_of(event), BODY), 428, "if_match_required")
    tag = {"If-Match": made.headers["ETag"]}
    replaced = client.put(url_of(event), BODY | {"enabled": False}, headers=tag).json()
    # What is left out is not what it was.
    assert (replaced["state"], replaced["plan_name"]) == ("off", "even")
    assert replaced["weights"]["pace"] == 50


def test_documented_example_is_taken_and_shown(event):
    shown = put(event, PRICE_RULE_REQUEST_VALUE).json()

    taken = PRICE_RULE_REQUEST_VALUE.keys() - {"plan"}
    assert {name: shown[name] for name in taken} == {
        name: PRICE_RULE_REQUEST_VALUE[name] for name in taken
    }
    assert {name: type(value) for name, value in PRICE_RULE_VALUE.items() if value is not None} == {
        name: type(shown[name] if name != "next_rise" else {})
        for name, value in PRICE_RULE_VALUE.items()
        if value is not None
    }


@pytest.mark.parametrize(
    ("given", "field", "says"),
    [
        ({"floor": "30.01"}, "floor", "€30.00 now"),
        ({"floor": "50", "ceiling": "40"}, "ceiling", "must not be below"),
        ({"floor": "1.005"}, "floor", "EUR has 2 decimals"),
        ({"ceiling": "-1"}, "ceiling", "greater than or equal"),
        ({"ceiling": "40 EUR"}, "ceiling", "valid number"),
        ({"step_kind": "amount"}, "max_step", "Enter an amount"),
        ({"max_step": "101"}, "max_step", "100 percent"),
        ({"rounding": {"unit": "0.50", "ending": "0.50"}}, "rounding.ending", "below"),
        ({"rounding": {"unit": "0"}}, "rounding.unit", "above 0"),
        ({"rounding": {"ending": "0.90"}}, "rounding.unit", "required"),
        ({"rounding": {"unit": "1", "end": "0.90"}}, "rounding.end", "Did you mean “ending”?"),
        ({"rounding": None}, "rounding", "null"),
        ({"weights": {"pace": 101}}, "weights.pace", "100"),
        ({"min_interval_minutes": 4}, "min_interval_minutes", "5"),
        ({"plan": "lately"}, "plan", "“late”"),
        ({"plan": [*EVEN[:-1], True]}, "plan", "11 whole numbers"),
        ({"plan": EVEN[1:]}, "plan", "11 whole numbers"),
        ({"suspended": True}, "suspended", "not suspended"),
        ({"current_price": "30.00"}, "current_price", "PATCH events/{id}/"),
        ({"max_stp": "1"}, "max_stp", "Did you mean “max_step”?"),
    ],
)
def test_wrong_setting_is_named(event, given, field, says):
    problem = assert_problem(put(event, BODY | given), 422, "invalid")

    assert list(problem["errors"]) == [field]
    assert says in problem["errors"][field][0]
    assert not PriceRule.objects.exists()


def test_price_by_hand_suspends_until_the_rule_is_resumed(event):
    assert put(event, BODY).status_code == 200
    client = api(event.created_by)
    by_hand = {"current_price": "45.00", "price_reason": "A new act"}
    changed = client.patch(f"/api/v1/events/{event.pk}/", by_hand, headers=ANY)
    assert changed.status_code == 200
    rested = client.get(url_of(event)).json()
    assert (rested["state"], rested["suspended"]) == ("suspended", True)
    assert rested["suspended_at"].endswith("Z")
    assert put(event, BODY | {"suspended": True}).json()["state"] == "suspended"

    refused = put(event, BODY | {"suspended": False})
    assert "€45.00 now" in assert_problem(refused, 422, "invalid")["errors"]["ceiling"][0]
    kept = put(event, BODY | {"ceiling": "50.00"}).json()
    assert kept["state"] == "suspended"
    resumed = put(event, BODY | {"ceiling": "50.00", "suspended": False}).json()
    assert (resumed["state"], resumed["suspended_at"]) == ("active", None)


def test_next_rise_counts_from_the_seats_that_are_taken_by_now(event):
    put(event, BODY | {"weights": {"pace": 0}})
    with CaptureQueriesContext(connection) as before:
        api().get("/api/v1/events/")
    PriceRule.objects.update(next_price=Decimal("31.5"), next_at_taken=5)
    with CaptureQueriesContext(connection) as queries:
        assert api().get("/api/v1/events/").json()["results"][0]["next_rise"]["seats"] == 5
    assert len(queries) == len(before)
    client = api(event.created_by)
    assert client.get(url_of(event)).json()["next_rise"] == {"price": "31.50", "seats": 5}
    BookingFactory(event=event, quantity=3)
    rise = {"price": "31.50", "seats": 2}
    assert client.get(url_of(event)).json()["next_rise"] == rise

    at = f"/api/v1/events/{event.pk}/"
    assert api().get(at).json()["next_rise"] == rise
    assert client.patch(at, {"name": "Another"}, headers=ANY).json()["next_rise"] == rise
    lists = (api(), "/api/v1/events/"), (api(), f"/api/v1/events/?search={event.venue}")
    for reader, path in (*lists, (client, "/api/v1/organizer/events/")):
        assert [one["next_rise"] for one in reader.get(path).json()["results"]] == [rise]
    Event.objects.filter(pk=event.pk).update(total_capacity=5)
    # No seat would be left at that price: nothing is announced anywhere.
    for reader, path in ((client, url_of(event)), (api(), at)):
        assert reader.get(path).json()["next_rise"] is None


def test_amounts_have_the_decimals_of_the_currency():
    event = EventFactory(created_by=OrganizerFactory(), priced=3000, currency="JPY")
    body = BODY | {"floor": "2000", "ceiling": "4000", "step_kind": "amount", "max_step": "200"}
    shown = put(event, body).json()
    assert (shown["floor"], shown["max_step"], shown["current_price"]) == ("2000", "200", "3000")
    problem = assert_problem(put(event, body | {"max_step": "0.50"}), 422, "invalid")
    assert "JPY has no decimals" in problem["errors"]["max_step"][0]


def test_settings_that_never_act_are_saved_with_a_warning(event):
    shown = put(event, BODY | {"floor": "30", "ceiling": "30", "weights": {}}).json()
    assert shown["warnings"][0]["code"] == "bounds_equal"
    shown = put(event, BODY | {"rounding": {"unit": "9.00"}, "max_step": "1"}).json()
    assert {"max_step", "rounding.unit"} & {one["field"] for one in shown["warnings"]}


def test_rules_are_for_managers_and_events_that_are_not_over(event):
    stranger = api(OrganizerFactory())
    draft = EventFactory(priced=30, published_at=None)
    for send in (stranger.get, lambda url: stranger.put(url, BODY, headers=ANY)):
        assert_problem(send(url_of(event)), 403, "not_your_event")
        assert_problem(send(url_of(draft)), 404, "not_found")
    assert_problem(api(event.created_by, "read").get(url_of(event)), 403, "scope_missing")
    assert not PriceRule.objects.exists()
    event.status = EventStatus.CANCELLED
    event.save(update_fields=["status"])
    assert_problem(put(event, BODY), 409, "event_over")
    assert api(event.created_by).get(url_of(event)).json()["state"] == "off"


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_of_two_at_once_one_is_told_to_read_again(event):
    bodies = [BODY | {"ceiling": f"{ceiling}.00"} for ceiling in (40, 50, 60)]

    answers = run_together(*[lambda body=body: put(event, body, '"0"') for body in bodies])

    assert sorted(answer.status_code for answer in answers) == [200, 412, 412]
    saved = next(answer.json() for answer in answers if answer.status_code == 200)
    rule = PriceRule.objects.get()
    assert (rule.version, rule.ceiling) == (1, Decimal(saved["ceiling"]))
    assert apply_price_rule(event_id=event.pk) is None


# ── Preview ─────────────────────────────────────────────────────────────────
DAY = timedelta(days=1)
STEPS = BODY | {"step_kind": "amount", "max_step": "2.00", "rounding": {"unit": "0.50"}}


def sold(organizer, **columns):
    """Return an event that opened 10 days ago, with 9 of its 10 seats sold 8 days ago."""
    given = {"priced": 30, "event_date": now() + 10 * DAY, "published_at": now() - 10 * DAY}
    event = EventFactory(
        created_by=organizer, total_capacity=10, created_at=now() - 11 * DAY, **(given | columns)
    )
    for _ in range(9):
        BookingFactory(event=event, created_at=now() - 8 * DAY)
    return event


def preview(event, body, **headers):
    return api(event.created_by).post(url_of(event, "preview/"), body, headers=headers)


def shape(value):
    """Return a JSON value with types in place of its values, and one item of each list."""
    if isinstance(value, dict):
        return {name: shape(inner) for name, inner in value.items()}
    return [shape(value[0])] if isinstance(value, list) and value else type(value)


def test_preview_says_what_the_rule_does_then_and_saves_nothing():
    event = sold(OrganizerFactory())

    answer = preview(event, STEPS | {"enabled": False}).json()

    assert not PriceRule.objects.exists()
    assert answer["replay"] is None
    outlook = answer["now"]
    assert outlook["demand"] == {
        "capacity": 10,
        "taken": 9,
        "sold_last_day": 0,
        "sold_last_week": 0,
        "waiting_seats": 0,
    }
    assert outlook["pressure"]["total"] == pytest.approx(
        sum(outlook["pressure"][name] for name in ("sold", "pace", "waitlist")), abs=0.001
    )
    assert outlook["next_price"] == "32.00"
    assert outlook["waits_until"] is None
    put(event, STEPS)
    assert apply_price_rule(event_id=event.pk) == 32
    assert PriceChange.objects.get().reason == outlook["reason"]
    waits = preview(event, STEPS).json()["now"]["waits_until"]
    assert waits > now().isoformat()


def test_preview_replays_own_and_earlier_sales(clock):
    event = sold(OrganizerFactory())
    earlier = sold(event.created_by, priced=25, event_date=now() + DAY)
    clock.move(2 * DAY)

    own = preview(event, STEPS | {"replay": True}).json()
    other = preview(event, STEPS | {"replay": str(earlier.pk)}).json()["replay"]

    assert shape(PRICE_PREVIEW_VALUE["replay"]) == shape(own["replay"])
    assert PRICE_PREVIEW_VALUE.keys() == own.keys()
    assert PRICE_PREVIEW_VALUE["now"].keys() == own["now"].keys()
    assert own["replay"]["event"] == str(event.pk)
    assert (own["replay"]["seats"], own["replay"]["revenue_was"]) == (9, "270.00")
    assert Decimal(own["replay"]["points"][-1]["revenue"]) == Decimal(own["replay"]["revenue"])
    assert (other["event"], other["revenue_was"]) == (str(earlier.pk), "225.00")
    assert 300 < len(other["points"]) < 410
    draft = EventFactory(created_by=event.created_by, priced=30, published_at=None)
    empty = preview(draft, STEPS | {"replay": True}).json()
    assert (empty["now"], empty["replay"]) == (None, None)


def test_pressure_that_is_rounded_to_nothing_has_no_sign():
    assert str(ShareField().to_representation(Fraction(-1, 10**6))) == "0.0"


def test_preview_shows_no_sales_of_other_organizers():
    event, other = (EventFactory(created_by=OrganizerFactory(), priced=30) for _ in range(2))
    yen = EventFactory(created_by=event.created_by, priced=30, currency="JPY")
    unknown = "You manage no event with this id."
    for replay, says in ((other.pk, unknown), (uuid4(), unknown), (yen.pk, "is in JPY")):
        problem = assert_problem(preview(event, BODY | {"replay": str(replay)}), 422, "invalid")
        assert says in problem["errors"]["replay"][0]
    assert_problem(
        api(other.created_by).post(url_of(event, "preview/"), BODY), 403, "not_your_event"
    )


def test_preview_is_refused_as_the_rule_would_be(event):
    for given, field in (
        ({"floor": "31.00", "enabled": False}, "floor"),
        ({"rounding": {"unit": "0.001"}}, "rounding.unit"),
        ({"replay": "yes"}, "replay"),
    ):
        problem = assert_problem(preview(event, BODY | given), 422, "invalid")
        assert list(problem["errors"]) == [field]
    Event.objects.filter(pk=event.pk).update(status=EventStatus.CANCELLED)
    # It is over, so no price of today is in the way of looking back.
    assert preview(event, BODY | {"floor": "31.00"}).json()["now"] is None


def test_preview_is_repeated_with_its_key(event):
    first = preview(event, BODY, **{"Idempotency-Key": "slider-1"})
    again = preview(event, BODY, **{"Idempotency-Key": "slider-1"})

    assert (again.json(), again.headers["Idempotent-Replayed"]) == (first.json(), "true")
    assert_problem(
        preview(event, STEPS, **{"Idempotency-Key": "slider-1"}), 422, "idempotency_mismatch"
    )
