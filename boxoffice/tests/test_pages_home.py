"""The home page: search, filters, pages by cursor."""

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl, urlsplit

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from evently.gallery import gallery
from events.factories import EventFactory
from events.models import Event
from events.search.finding import matching

pytestmark = pytest.mark.django_db


def names(response) -> list[str]:
    return [event.name for event in response.context["events"]]


def find(client, **query) -> list[str]:
    response = client.get(reverse("home"), query)
    assert response.status_code == 200
    return names(response)


def in_days(days: float) -> datetime:
    return datetime.now(UTC) + timedelta(days=days)


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("j", True),
        ("jaz", True),
        ("jazz", True),
        ("JAZZ ro", True),
        ("roofs", True),
        ("saxoph", True),
        ("ghent", True),
        ('"jazz on the roof"', True),
        ("jazz or opera", True),
        ("opera", False),
        ("jazz opera", False),
        ("jazz -roof", False),
    ],
)
def test_home_finds_words_while_they_are_typed(client, typed, found):
    EventFactory(
        name="Jazz on the roof", description="Two saxophones and a moon.", venue="Old Mill, Ghent"
    )

    assert find(client, search=typed) == (["Jazz on the roof"] if found else [])


@pytest.mark.parametrize("typed", ["😀", "'", "\\", ":*", "a:*b", "&|!()<->", "-", "or", "x" * 200])
def test_home_accepts_any_search_text(client, typed):
    assert find(client, search=typed) == []


def test_home_lists_upcoming_events_in_order(client):
    EventFactory(name="later", event_date=in_days(9))
    EventFactory(name="sooner", event_date=in_days(3))
    EventFactory(name="draft", published_at=None)
    EventFactory(name="off", status="cancelled")

    assert find(client) == ["sooner", "later"]


def test_home_filters_by_day_price_and_seats(client):
    EventFactory(name="free", event_date=in_days(2))
    EventFactory(name="dear", priced=80, event_date=in_days(4))
    EventFactory(name="later", priced=20, event_date=in_days(40))
    EventFactory(name="not yet", event_date=in_days(50), sales_start_at=in_days(45))
    day = in_days(4).date().isoformat()

    assert find(client, date_from=day, date_to=day) == ["dear"]
    assert find(client, max_price="0") == ["free", "not yet"]
    assert find(client, min_price="20", max_price="80") == ["dear", "later"]
    assert find(client, available="on") == ["free", "dear", "later"]


@pytest.mark.parametrize(
    "query",
    [
        {"date_from": "tomorrow"},
        {"date_from": "2030-02-02", "date_to": "2030-02-01"},
        {"min_price": "x"},
        {"min_price": "9" * 40},
        {"max_price": "-1"},
        {"max_price": "NaN"},
        {"min_price": "9", "max_price": "8"},
        {"search": "x" * 201},
    ],
)
def test_home_refuses_invalid_filters(client, query):
    EventFactory(name="there")

    response = client.get(reverse("home"), query)

    assert response.status_code == 422
    assert response.context["form"].errors


def test_home_accepts_the_first_and_last_day_of_the_calendar(client):
    assert find(client, date_to="9999-12-31", date_from="0001-01-01") == []


def test_home_refuses_null_bytes_and_invalid_cursors(client):
    for query in ("search=a%00b", "cursor=%00"):
        assert client.get(f"/?{query}").status_code == 400
    for cursor in ("x", "WzFd", "é", "A" * 500, "WzAsIjIwMjYiLCJ4Il0"):
        assert client.get("/", {"cursor": cursor}).status_code == 400


def test_home_pages_by_cursor_there_and_back(client):
    made = [EventFactory(name=f"{n:02}", event_date=in_days(n // 3 + 1)).name for n in range(30)]

    seen, url = [], "/"
    while url:
        response = client.get(url)
        seen.append(names(response))
        last = response.context
        url = f"/{last['next_url']}" if last["next_url"] else ""
    assert [len(page) for page in seen] == [12, 12, 6]
    assert sorted(name for page in seen for name in page) == made
    before = client.get(f"/{last['previous_url']}")
    assert names(before) == seen[1]
    assert names(client.get(f"/{before.context['previous_url']}")) == seen[0]


def test_home_answers_htmx_with_only_the_results(client):
    EventFactory(name="Jazz")

    response = client.get("/", {"search": "ja"}, headers={"HX-Request": "true"})

    assert response.status_code == 200
    assert "<html" not in response.content.decode()
    assert "Jazz" in response.content.decode()
    assert "HX-Request" in response.headers["Vary"]


def test_home_costs_the_same_for_one_event_and_twelve(client):
    counts = []
    for more in (1, 11):
        EventFactory.create_batch(more)
        with CaptureQueriesContext(connection) as queries:
            client.get("/")
        counts.append(len(queries))
    # Two of them read what visitors share.
    assert counts[0] == counts[1] <= 5


def test_search_uses_its_index():
    sql, params = matching(Event.objects.all(), "jazz ro").query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(f"EXPLAIN {sql}", params)
        plan = "\n".join(row[0] for row in cursor.fetchall())
    assert "idx_event_words" in plan, plan


def test_gallery_shows_every_component(rf):
    request = rf.get("/dev/gallery/")
    request.user = AnonymousUser()

    assert gallery(request).status_code == 200


def chips(response) -> dict[str, dict[str, str]]:
    """Return the query of each chip by its label."""
    found = response.context["quick_filters"]
    return {chip["label"]: dict(parse_qsl(urlsplit(chip["url"]).query)) for chip in found}


def test_chips_keep_words_and_filters_of_other_kinds(client):
    response = client.get("/", {"search": "jazz & blues", "when": "today", "max_price": "0"})

    found = chips(response)
    assert found["This weekend"] == {"search": "jazz & blues", "when": "weekend", "max_price": "0"}
    assert found["Today"] == {"search": "jazz & blues", "max_price": "0"}
    assert found["Free"] == {"search": "jazz & blues", "when": "today"}
    assert found["Seats left"]["search"] == "jazz & blues"
    active = [chip["label"] for chip in response.context["quick_filters"] if chip["is_active"]]
    assert active == ["Today", "Free"]


def test_filters_stay_closed_above_the_results(client):
    page = client.get("/", {"max_price": "0"}).content.decode()
    assert '<details class="finder__filters">' in page
    assert '<details class="finder__filters" open>' in client.get("/?max_price=x").content.decode()


def test_chips_follow_the_words_that_htmx_searched(client):
    page = client.get("/", {"search": "ja"}, headers={"HX-Request": "true"}).content.decode()
    assert 'id="chips" hx-swap-oob="true"' in page
    assert "?search=ja&amp;max_price=0" in page


def test_empty_page_names_what_was_searched_and_offers_what_helps(client):
    words = client.get("/", {"search": "xylophone"})
    assert "No events found for “xylophone”" in words.content.decode()
    assert "dates" not in words.content.decode().split('class="empty"')[1].split("</section>")[0]

    both = client.get("/", {"search": "xylophone", "when": "today", "max_price": "5"})
    nothing = both.context["nothing"]
    assert nothing["title"] == "No events found for “xylophone” on these days at this price"
    assert [(link["label"], link["url"]) for link in nothing["links"]] == [
        ("Search all dates", "/?search=xylophone&max_price=5"),
        ("Search all prices", "/?search=xylophone&when=today"),
        ("Remove all filters", "/?search=xylophone"),
    ]


def test_typing_errors_are_named_above_results_or_asked_about(client):
    EventFactory(name="Sourdough for beginners")
    EventFactory(name="Golf open")

    corrected = client.get("/", {"search": "soudough"}).content.decode()
    assert "Sourdough for beginners" in corrected
    assert "No events match “soudough”. These match <strong>sourdough</strong>." in corrected
    asked = client.get("/", {"search": "gold", "max_price": "9"}).content.decode()
    assert 'Did you mean <a href="/?search=golf&amp;max_price=9">golf</a>?' in asked
    assert "Golf open" not in asked
