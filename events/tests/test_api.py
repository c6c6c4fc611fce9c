"""Reading events through the API."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from evently.accounts.factories import OrganizerFactory, SuperuserFactory, UserFactory
from evently.api.tests.client import api, assert_problem
from evently.audit.context import acting, stamp
from evently.kept import forget_everything
from evently.tests.rows import book
from evently.tests.sql import run
from events.factories import EventFactory
from events.models import Event, PriceChange
from events.operations import save_price_rule
from events.search.finding import matching

pytestmark = pytest.mark.django_db
EVENTS = "/api/v1/events/"


def names(client, **params):
    response = client.get(EVENTS, params)
    assert response.status_code == 200, response.content
    return [one["name"] for one in response.json()["results"]]


def read_both(event):
    """Return an event as the list of events shows it, and as it is read by itself."""
    client = api()
    listed = client.get(EVENTS, {"date_from": "2000-01-01"}).json()["results"]
    return listed, client.get(f"{EVENTS}{event.pk}/").json()


CHANGES = {
    "seats": "UPDATE events SET total_capacity = 2 WHERE id = %s",
    "name": "UPDATE events SET name = 'Another name' WHERE id = %s",
    "price": "UPDATE events SET current_price = 25 WHERE id = %s",
    "time": "UPDATE events SET event_date = event_date + interval '1 day' WHERE id = %s",
    "sales": "UPDATE events SET sales_end_at = now() + interval '1 hour' WHERE id = %s",
    "asking": "UPDATE events SET ask_days_before = 3 WHERE id = %s",
    "cancelled": "UPDATE events SET status = 'cancelled' WHERE id = %s",
}


def test_kept_bodies_show_each_booking():
    event = EventFactory(total_capacity=12)
    for left in (12, 9, 6):
        listed, single = read_both(event)
        assert [one["available_seats"] for one in listed] == [left]
        assert single["available_seats"] == left
        assert single["sales_state"] == ("on_sale" if left > 10 else "few_left")
        book(event.pk, quantity=3)


@pytest.mark.parametrize("change", CHANGES)
def test_kept_bodies_are_what_is_represented_anew(change):
    event = EventFactory(priced=20, total_capacity=12)
    before = read_both(event)

    run(CHANGES[change], event.pk)

    after = read_both(event)
    assert after != before
    assert list(after[1]) == list(before[1])
    forget_everything()
    assert read_both(event) == after


# ── Lists ──────────────────────────────────────────────────────────────────
def test_list_shows_published_upcoming_events():
    now = timezone.now()
    for name, days in (("second", 2), ("first", 1)):
        EventFactory(name=name, event_date=now + timedelta(days=days))
    EventFactory(name="draft", published_at=None)
    EventFactory(name="cancelled", status="cancelled")
    EventFactory(
        name="past", created_at=now - timedelta(days=3), event_date=now - timedelta(days=1)
    )

    assert names(api()) == ["first", "second"]
    assert names(api(UserFactory())) == ["first", "second"]


def test_list_shows_past_events_by_date():
    now = timezone.now()
    created = now - timedelta(days=30)
    EventFactory(name="past", created_at=created, event_date=now - timedelta(days=9))
    EventFactory(name="draft", published_at=None)
    EventFactory(name="soon", event_date=now + timedelta(days=1))

    assert names(api(), date_from=str((now - timedelta(days=10)).date())) == ["past", "soon"]
    assert names(api(), date_to=now.isoformat()) == ["past"]
    last_day = (now - timedelta(days=9)).date()
    assert names(api(), date_from=str(last_day), date_to=str(last_day)) == ["past"]


def test_list_is_searched_by_words():
    EventFactory(name="Jazz evenings", description="Trios playing", venue="Blue Barn")
    EventFactory(name="Chess", description="Blitz", venue="Town hall")

    assert names(api(), search="evening") == ["Jazz evenings"]
    assert names(api(), search="barn trio") == ["Jazz evenings"]
    assert names(api(), search="play -barn") == []
    assert names(api(), search="'\"(:*&|!") == []
    assert names(api(), venue="TOWN") == ["Chess"]
    assert names(api(), venue="%") == []


def test_search_matches_unfinished_words():
    EventFactory(name="Pianissimo")
    assert names(api(), search="pianissi") == ["Pianissimo"]


def test_search_uses_its_index():
    query, params = matching(Event.objects.all(), "jazz").values("id").query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(f"EXPLAIN {query}", params)
        plan = "\n".join(row[0] for row in cursor.fetchall())

    assert "idx_event_words" in plan


def test_list_is_filtered_by_price_and_seats():
    EventFactory(name="cheap", priced=10)
    EventFactory(name="dear", priced=90)
    full = EventFactory(name="full", total_capacity=1)
    EventFactory(name="later", sales_start_at=timezone.now() + timedelta(days=1))
    book(full.pk)

    assert names(api(), min_price="10.01") == ["dear"]
    assert names(api(), min_price="10", max_price="10.00") == ["cheap"]
    assert names(api(), available="true") == ["cheap", "dear"]
    assert names(api(), available="false") == ["full"]


def test_list_is_ordered():
    now = timezone.now()
    for name, price, days in (("b", 5, 3), ("a", 20, 2), ("c", 10, 1)):
        EventFactory(name=name, priced=price, event_date=now + timedelta(days=days))

    assert names(api(), ordering="name") == ["a", "b", "c"]
    assert names(api(), ordering="-price") == ["a", "c", "b"]
    assert names(api(), ordering="price") == ["b", "c", "a"]
    assert names(api(), ordering="-date") == ["b", "a", "c"]
    assert names(api(), ordering="date") == names(api())


@pytest.mark.parametrize(
    "params",
    [
        {"ordering": "password"},
        {"available": "maybe"},
        {"min_price": "x"},
        {"min_price": "-1"},
        {"max_price": "1e999999999"},
        {"max_price": "NaN"},
        {"date_from": "yesterday"},
        {"date_to": "2027-02-30"},
        {"date_from": "2027-05-01T10:00:00"},
        {"search": "x" * 201},
        {"limit": "0"},
        {"limit": "x"},
    ],
)
def test_invalid_parameters_are_refused_by_name(params):
    problem = assert_problem(api().get(EVENTS, params), 422, "invalid")

    assert list(problem["errors"]) == list(params)


@pytest.mark.parametrize("limit", [1, 2, 20, 21])
def test_first_page_without_filters_is_the_same_as_with_its_order(client, limit):
    for days in range(1, 4):
        EventFactory(event_date=timezone.now() + timedelta(days))

    def pages(query):
        found, path = [], f"/api/v1/events/?limit={limit}{query}"
        while path:
            body = client.get(path).json()
            found.append((body["results"], bool(body["previous"])))
            path = body["next"]
        return found

    assert pages("") == pages("&ordering=date")
    assert len(pages("")) == -(-3 // limit)


def test_list_costs_the_same_for_1_and_for_100(django_assert_num_queries):
    organizer = OrganizerFactory()
    EventFactory(created_by=organizer)
    with django_assert_num_queries(2):
        assert len(api().get(EVENTS, {"limit": 100}).json()["results"]) == 1
    for _ in range(99):
        EventFactory(created_by=organizer)

    client = api()
    with django_assert_num_queries(2):
        assert len(client.get(EVENTS, {"limit": 100}).json()["results"]) == 100


# ── Reading ─────────────────────────────────────────────────────────────────
def test_detail_has_all_fields_and_the_version():
    event = EventFactory(priced=20, total_capacity=5)

    response = api().get(f"{EVENTS}{event.pk}/")

    body = response.json()
    assert response.headers["ETag"].startswith('"1-')
    assert (body["total_capacity"], body["available_seats"]) == (5, 5)
    assert (body["current_price"], body["currency"]) == ("20.00", "EUR")
    assert body["event_date"].endswith("Z")
    assert body["url"].endswith(f"/events/{event.pk}/")
    assert "created_by" not in body


def test_drafts_are_visible_to_their_organizer_only():
    event = EventFactory(published_at=None)
    url = f"{EVENTS}{event.pk}/"

    assert_problem(api().get(url), 404, "not_found")
    assert_problem(api(OrganizerFactory()).get(url), 404, "not_found")
    assert api(SuperuserFactory()).get(url).status_code == 200
    event.created_by.role = "admin"
    event.created_by.save(update_fields=["role"])
    assert api(event.created_by).get(url).status_code == 200


@pytest.mark.parametrize(("scope", "status"), [("read", 200), ("organize", 200), ("book", 404)])
def test_drafts_are_read_with_tokens_that_read_or_organize(scope, status):
    event = EventFactory(published_at=None, created_by=OrganizerFactory())
    client = api(event.created_by, scope)

    for url in (f"{EVENTS}{event.pk}/", f"{EVENTS}{event.pk}/price-history/"):
        assert client.get(url).status_code == status


def test_cancelled_and_past_events_can_still_be_read():
    event = EventFactory(status="cancelled")

    assert api().get(f"{EVENTS}{event.pk}/").json()["status"] == "cancelled"


def test_price_history_is_public():
    event = EventFactory(priced=20)
    Event.objects.filter(pk=event.pk).update(current_price=Decimal("22.50"))
    Event.objects.filter(pk=event.pk).update(current_price=Decimal("21.00"))

    body = api().get(f"{EVENTS}{event.pk}/price-history/").json()

    moves = [(one["old_price"], one["new_price"]) for one in body["results"]]
    assert moves == [("22.50", "21.00"), ("20.00", "22.50")]
    assert PriceChange.objects.count() == 2
    assert "applied_by" not in body["results"][0]


def test_price_history_costs_the_same_for_each_length():
    event = EventFactory(priced=20)
    counts = []
    for price in (21, 22, 23):
        Event.objects.filter(pk=event.pk).update(current_price=price)
        with CaptureQueriesContext(connection) as queries:
            api().get(f"{EVENTS}{event.pk}/price-history/")
        counts.append(len(queries))

    assert counts[0] == counts[2]


def test_price_rule_shows_its_bounds_and_its_changes_and_no_person():
    event, fixed = EventFactory(priced=20), EventFactory(priced=20)
    settings = {"floor": Decimal(15), "ceiling": Decimal("30.5"), "max_step": Decimal(5)}
    save_price_rule(event_id=event.pk, version=None, enabled=True, step_kind="amount", **settings)
    with acting(price_rule="price rule v1", price_reason="demand"):
        stamp(connection)
        Event.objects.filter(pk=event.pk).update(current_price=22)
    with acting(actor=str(event.created_by_id)):
        stamp(connection)
        Event.objects.filter(pk=fixed.pk).update(current_price=22)

    listed, one = read_both(event)
    bounds = [(row["price_floor"], row["price_ceiling"]) for row in listed]
    assert sorted(bounds, key=str) == [("15.00", "30.50"), (None, None)]
    assert (one["price_floor"], one["price_ceiling"]) == ("15.00", "30.50")
    for moved, by in ((event, "rule"), (fixed, "organizer")):
        answer = api().get(f"{EVENTS}{moved.pk}/price-history/")
        (change,) = answer.json()["results"]
        assert change["changed_by"] == by
        expected = ("15.00", "30.50") if moved == event else (None, None)
        assert (change["price_floor"], change["price_ceiling"]) == expected
        assert str(moved.created_by_id) not in answer.content.decode()


def test_price_history_of_a_draft_is_not_found():
    event = EventFactory(published_at=None)

    assert_problem(api().get(f"{EVENTS}{event.pk}/price-history/"), 404, "not_found")


# ── Quotes ──────────────────────────────────────────────────────────────────
def test_quote_has_price_total_and_expiry():
    event = EventFactory(priced=20)

    body = api(UserFactory()).post(f"{EVENTS}{event.pk}/quote/", {"quantity": 3}).json()

    assert (body["unit_price"], body["total_amount"]) == ("20.00", "60.00")
    assert body["expires_at"].endswith("Z")
    assert body["quote"]


def test_quote_is_refused_where_sales_are_closed():
    event = EventFactory(status="cancelled")

    response = api(UserFactory()).post(f"{EVENTS}{event.pk}/quote/", {"quantity": 3})

    assert_problem(response, 409, "sales_closed")
