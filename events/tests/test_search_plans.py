"""How a search finds events among many: by an index alone, and once for filters that leave few."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from evently.cursors import page_of
from evently.database.clock import now
from events import price_range
from events.factories import EventFactory
from events.filters import ORDERINGS
from events.models import Event
from events.queries import find_events
from events.search import conditions, finding
from events.search.finding import search_for
from events.search.listed import Current

pytestmark = pytest.mark.django_db
BY_DATE = ("event_date", "id")


def event_in(days, name="Jazz", **columns):
    return EventFactory(name=name, event_date=timezone.now() + timedelta(days), **columns)


def names(rows):
    return [event.name for event in rows]


def plan_of(events) -> str:
    """Return the plan that PostgreSQL would choose among very many events."""
    with connection.cursor() as cursor:
        for way in ("seqscan", "bitmapscan", "sort", "incremental_sort"):
            cursor.execute(f"SET LOCAL enable_{way} = off")
    return str(events.order_by(*BY_DATE).values_list("pk", flat=True)[:10].explain())


@pytest.mark.parametrize(
    "criteria",
    [
        {},
        {"min_price": Decimal(5)},
        {"max_price": Decimal(5)},
        {"date_from": timezone.now().date() + timedelta(90)},
        {"date_from": timezone.now().date(), "date_to": timezone.now().date() + timedelta(9)},
    ],
)
def test_upcoming_events_are_filtered_by_an_index_alone(criteria, monkeypatch):
    # As if very many were in a range of prices, too: few are looked up by their ids.
    monkeypatch.setattr(price_range, "FEW", -1)
    for at in (None, now()):
        plan = plan_of(find_events(**criteria, at=at))

        assert "Index Only Scan using idx_events_upcoming" in plan
        # Which would be called for each event.
        assert "evently_clock" not in plan


@pytest.mark.parametrize(
    ("ordering", "index"),
    [("date", "idx_events_upcoming"), ("name", "idx_events_name"), ("-price", "idx_events_price")],
)
def test_orders_of_the_api_have_an_index(ordering, index):
    events = Event.objects.current().order_by(*ORDERINGS[ordering])
    with connection.cursor() as cursor:
        for way in ("seqscan", "bitmapscan", "sort", "incremental_sort"):
            cursor.execute(f"SET LOCAL enable_{way} = off")

    assert index in events[:20].explain()


def test_a_page_in_another_order_looks_up_only_what_is_rare(monkeypatch):
    monkeypatch.setattr(finding, "FREQUENT", 3)
    for days in range(1, 4):
        event_in(days, name=f"Jazz {days}")
    event_in(9, name="Chess")

    def found(text):
        rows = search_for(text, find_events()).found_by_page().order_by("-event_date", "-id")
        return names(rows), "ARRAY(SELECT" in str(rows.query)

    assert found("jazz") == (["Jazz 3", "Jazz 2", "Jazz 1"], False)
    assert found("chess") == (["Chess"], True)
    assert found("xylograph")[0] == []


def test_a_page_by_ids_is_the_same_page():
    for days in (3, 1, 2):
        event_in(days, name=f"in {days}")
    events = find_events()

    first = page_of(events, ordering=BY_DATE, size=2, by_ids=True)
    second = page_of(events, ordering=BY_DATE, size=2, cursor=first.next, by_ids=True)

    assert (names(first.rows), names(second.rows)) == (["in 1", "in 2"], ["in 3"])
    assert page_of(events, ordering=BY_DATE, size=2) == first


def test_a_search_from_a_day_on_begins_with_what_is_running_then():
    today = timezone.now().date()
    long = event_in(1, "long", ends_at=timezone.now() + timedelta(40))
    event_in(2, "short")
    later = event_in(30, "later")

    found = find_events(date_from=today + timedelta(20))

    assert list(found.order_by(*BY_DATE)) == [long, later]
    assert list(find_events(date_from=today + timedelta(60))) == []


def test_a_frequent_word_is_not_looked_up_where_filters_leave_few_events(monkeypatch):
    for days in range(1, 5):
        event_in(days, name=f"Jazz {days}")
    event_in(9, name="Chess", description="with jazz", payment_mode="door", base_price=50)
    event_in(8, name="Dear jazz", payment_mode="door", base_price=50)
    event_in(7, name="Poetry", payment_mode="door", base_price=50)

    def found(**criteria):
        search = search_for("jazz", find_events(**criteria))
        with CaptureQueriesContext(connection) as captured:
            rows = finding.RankedEvents(search).page(size=2).rows
        return names(rows), any("ARRAY(SELECT" in query["sql"] for query in captured)

    assert found(min_price=Decimal(9)) == (["Dear jazz", "Chess"], False)
    assert found(min_price=Decimal(99)) == ([], False)
    monkeypatch.setattr(finding, "PROBED", 2)
    assert found(min_price=Decimal(9))[0] == ["Dear jazz", "Chess"]
    assert Event.objects.count() == 7


def test_what_is_soon_met_is_not_looked_up(monkeypatch):
    monkeypatch.setattr(finding, "PROBED", 4)
    for days in range(1, 12):
        event_in(days, name=f"Jazz {days}" if days % 2 else "Chess")

    def found(**page):
        search = search_for("jazz", Current(at=now()))
        with CaptureQueriesContext(connection) as captured:
            rows = finding.RankedEvents(search).page(size=2, **page)
        by_words = [query["sql"] for query in captured if "WHERE vector @@ " in query["sql"]]
        return rows, len(by_words)

    def dates(page):
        return names(page.rows)

    # Apart from events of exactly this name, which come first.
    first, lookups = found()
    assert (dates(first), lookups) == (["Jazz 1", "Jazz 3"], 1)
    second, lookups = found(cursor=first.next)
    assert (dates(second), lookups) == (["Jazz 5", "Jazz 7"], 0)
    monkeypatch.setattr(finding, "PROBED_FURTHER", 0)
    first, lookups = found()
    assert (dates(first), lookups) == (["Jazz 1", "Jazz 3"], 2)


def test_frequent_words_are_judged_event_by_event_in_any_order(monkeypatch):
    for days in range(1, 4):
        event_in(days, name=f"Jazz {days}")
    event_in(9, name="Chess")

    def found(text):
        rows = search_for(text, find_events()).found().order_by("-event_date", "-id")
        return names(rows), "ARRAY(SELECT" in str(rows.query)

    assert found("jazz") == (["Jazz 3", "Jazz 2", "Jazz 1"], True)
    monkeypatch.setattr(conditions, "FREQUENT", 3)
    assert found("jazz") == (["Jazz 3", "Jazz 2", "Jazz 1"], False)
    assert found("chess") == (["Chess"], True)
