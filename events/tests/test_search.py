"""The search for events: what is found, in which order, on which pages."""

from datetime import timedelta
from typing import Any
from unicodedata import normalize

import pytest
from django.db import connections
from django.utils import timezone

from evently.accounts.factories import OrganizerFactory
from evently.cursors import CursorInvalid, Page, encode
from evently.database.clock import now
from events.factories import EventFactory
from events.models import Event, EventWords
from events.search import finding, phrases
from events.search.finding import RankedEvents, search_for
from events.search.listed import Current
from events.tests.search_cases import EVENTS, FINDS

pytestmark = pytest.mark.django_db


def find(text: str) -> list[str]:
    search = search_for(text, Event.objects.upcoming())
    return [normalize("NFC", event.name) for event in search.ranked().page(size=20).rows]


def test_search_finds_what_is_meant_and_nothing_else():
    organizer = OrganizerFactory()
    for listed in EVENTS:
        EventFactory(**listed._asdict(), created_by=organizer)
    wrong = {text: found for text, names in FINDS if (found := find(text)) != names}
    assert not wrong, "\n".join(f"{text!r}: {found}" for text, found in wrong.items())


@pytest.fixture
def listed():
    organizer = OrganizerFactory()
    start = timezone.now() + timedelta(days=3)

    def add(name: str, *, days: float = 0, **columns: Any) -> Event:
        columns = {"created_by": organizer, "venue": "Hall", **columns}
        return EventFactory(name=name, event_date=start + timedelta(days=days), **columns)

    return add


def test_search_ranks_by_where_words_stand_then_by_date(listed):
    listed("Lisbon by night", days=5)
    listed("Lisbon", days=9)
    listed("Lisboners", days=1)
    listed("Fado", venue="Lisbon", days=2)
    listed("Fado", venue="Lisbon", days=1)
    listed("Tram ride", description="All over Lisbon.", days=0)
    listed("Night in Lisbon", days=4)

    assert find("lisbon") == [
        "Lisbon",
        "Night in Lisbon",
        "Lisbon by night",
        "Lisboners",
        "Fado",
        "Fado",
        "Tram ride",
    ]


@pytest.mark.parametrize("size", [1, 2, 3, 7])
@pytest.mark.parametrize(("probed", "further"), [(400, 600), (5, 600), (2, 600), (5, 0), (2, 3)])
def test_pages_of_ranked_events_join_both_ways(listed, monkeypatch, size, probed, further):
    monkeypatch.setattr(finding, "PROBED", probed)
    monkeypatch.setattr(finding, "PROBED_FURTHER", further)

    def page_of_search(text, **arguments):
        search = search_for(text, Event.objects.upcoming())
        return RankedEvents(search).page(**arguments)

    for number in range(4):
        listed("Jazz", days=number // 2)
        listed(f"Jazz {number}")
        listed(f"Fado {number}", venue="Jazz club")
    everything = [event.pk for event in page_of_search("jazz", size=50).rows]
    assert len(everything) == 12

    pages, cursor, last = [], "", None
    while cursor is not None:
        last = page_of_search("jazz", size=size, cursor=cursor)
        pages.append([event.pk for event in last.rows])
        cursor = last.next
    back, cursor = [pages[-1]], last.previous
    while cursor is not None:
        last = page_of_search("jazz", size=size, cursor=cursor)
        back.insert(0, [event.pk for event in last.rows])
        cursor = last.previous

    assert [pk for page in pages for pk in page] == everything
    assert [pk for page in back for pk in page] == everything


@pytest.mark.parametrize("most", [20, 2, 0])
def test_the_last_word_may_be_unfinished_however_many_words_begin_like_it(
    listed, monkeypatch, most
):
    monkeypatch.setattr(phrases, "MOST_COMPLETIONS", most)
    listed("Jazz", venue="Zürich", days=1)
    listed("Jazz", venue="Zürichberg", days=2)
    listed("Jazz", venue="Zürichsee", description="Zurichseefest 2031", days=3)
    listed("Jazz", venue="Zug", days=4)

    def venues(text):
        return [event.venue for event in page_of_search(text, size=9).rows]

    assert venues("jazz zurich") == ["Zürich", "Zürichberg", "Zürichsee"]
    assert venues("jazz zurichse") == venues("jazz zurichseef") == ["Zürichsee"]
    assert venues("jazz zu") == ["Zürich", "Zürichberg", "Zürichsee", "Zug"]
    assert venues("jazz 20") == [] != venues("jazz 203") == ["Zürichsee"]


def test_current_events_are_searched_as_any_others(listed):
    at = now()
    listed("Jazz", days=2)
    listed("Jazz in Bath", days=1)
    listed("Jazz draft", published_at=None)
    listed("Jazz cancelled", status="cancelled")
    listed("Chess")
    events = Event.objects.current(at=at)

    for text in ("jazz", "jaz", "jazzz", "bath jazz", "xylograph"):
        assert search_for(text, Current(at=at)).ranked().page(size=5) == search_for(
            text, events
        ).ranked().page(size=5)


def page_of_search(text: str, **arguments: Any) -> Page:
    return search_for(text, Event.objects.upcoming()).ranked().page(**arguments)


def test_cursor_of_a_tier_that_does_not_exist_is_refused(listed):
    event = listed("Jazz")
    event.relevance = 9
    cursor = encode(event, ("relevance", "event_date", "id"), backwards=False)
    with pytest.raises(CursorInvalid):
        RankedEvents(search_for("jazz", Event.objects.all()))._page(
            ["'n=jazz'"], size=3, cursor=cursor
        )


def test_typing_errors_are_corrected_or_only_suggested(listed):
    listed("Sourdough for beginners")
    listed("Golf open")

    corrected = search_for("soudough", Event.objects.upcoming())
    assert find("soudough") == ["Sourdough for beginners"]
    assert corrected.is_corrected
    assert corrected.correction.text == "sourdough"
    suggested = search_for("gold", Event.objects.upcoming())
    assert find("gold") == []
    assert (suggested.is_corrected, suggested.suggestion) == (False, "golf")


def test_words_that_events_have_are_not_corrected(listed):
    listed("Winter market")
    listed("Winner takes all", days=-1)
    listed("Candle making")

    assert find("winner market") == []
    assert find("winter") == ["Winter market"]


def test_words_of_drafts_are_not_suggested(listed):
    listed("Sourdough", published_at=None)

    search = search_for("soudough", Event.objects.upcoming())

    assert (search.correction, search.suggestion) == (None, "")


def test_search_follows_changes_of_an_event(listed):
    event = listed("Jazz", venue="Zürich")
    Event.objects.filter(pk=event.pk).update(name="Opera", venue="Köln", description="Tosca")

    assert find("jazz") == find("zurich") == []
    assert find("koln opera tosca") == ["Opera"]
    with connections["default"].cursor() as cursor:
        cursor.execute("DELETE FROM events WHERE id = %s", [event.pk])
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    assert not EventWords.objects.exists()


@pytest.mark.parametrize("text", ["x" * 5000, "a " * 3000, '"' * 99, "- - -", "or", "or or", "-a"])
def test_search_takes_any_text(listed, text):
    listed("Jazz")
    page_of_search(text, size=5)


def test_search_looks_words_up_by_their_index():
    events = search_for("jazz ro", Event.objects.all()).found()
    with connections["default"].cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        sql, params = events.query.sql_with_params()
        cursor.execute(f"EXPLAIN {sql}", params)
        plan = "\n".join(row[0] for row in cursor.fetchall())
    assert "idx_event_words" in plan, plan
