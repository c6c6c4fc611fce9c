"""What the search looks up follows the events, whatever writes them: in plain SQL."""

import pytest

from evently.tests.rows import event
from evently.tests.sql import refused, run, value

pytestmark = pytest.mark.django_db

FINDS = "SELECT vector @@ %s::tsquery FROM event_words WHERE event_id = %s"


def test_words_of_an_event_are_looked_up_as_it_is_now():
    event_id = event()
    run(
        "UPDATE events SET name = 'Don''t stop', venue = 'Zürich', description = 'The who is who'"
        " WHERE id = %s",
        event_id,
    )

    for query, found in {
        "'ndont'": True,
        "'vzurich' & 'vzuerich'": True,
        "'nzurich'": False,
        "'d=who'": False,
        "'nstop' <-> 'vzurich'": False,
    }.items():
        assert value(FINDS, query, event_id) is found, query
    assert value("SELECT count(*) FROM search_words WHERE word = 'zuerich'") == 1

    run("UPDATE event_words SET vector = '' WHERE event_id = %s", event_id)
    run("UPDATE events SET venue = 'Köln' WHERE id = %s", event_id)
    assert value(FINDS, "'ndont' & 'vkoln' & !'vzurich'", event_id) is True


def test_date_beside_the_words_is_that_of_the_event():
    event_id = event()
    dates = (
        "SELECT words.event_date = events.event_date FROM event_words words"
        " JOIN events ON events.id = event_id WHERE events.id = %s"
    )
    assert value(dates, event_id) is True

    row = value("SELECT ctid::text FROM event_words")
    run("UPDATE events SET event_date = event_date WHERE id = %s", event_id)
    assert value("SELECT ctid::text FROM event_words") == row
    run("UPDATE events SET event_date = event_date + interval '1 day' WHERE id = %s", event_id)
    assert value(dates, event_id) is True
    run("UPDATE events SET event_date = event_date - interval '1 hour', name = 'Late'")
    assert value(dates, event_id) is True
    assert value(FINDS, "'nlate'", event_id) is True


def test_words_are_gone_with_their_event():
    event_id = event()
    run("DELETE FROM events WHERE id = %s", event_id)
    assert value("SELECT count(*) FROM event_words") == 0


def test_words_belong_to_one_event_that_exists():
    event_id = event()
    with refused("event_words_pkey"):
        run(
            "INSERT INTO event_words (event_id, vector, event_date) VALUES (%s, '', now())",
            event_id,
        )
    with refused("fk_event_words_event"):
        run(
            "INSERT INTO event_words (event_id, vector, event_date)"
            " VALUES (evently_uuid7(), '', now())"
        )
        run("SET CONSTRAINTS ALL IMMEDIATE")
    word_id = value("SELECT min(id) FROM search_words")
    with refused("search_words_pkey"):
        run("INSERT INTO search_words (id, word, shape) VALUES (%s, 'a', 'a')", word_id)


@pytest.mark.parametrize(
    ("typed", "folded"),
    [
        ("Straße", "strasse"),
        ("ŁÓDŹ", "lodz"),
        ("İstanbul ışık", "istanbul isik"),
        ("Ærø Þór", "aero thor"),
        ("Cafe\u0301", "cafe"),
        ("O’Brien", "o'brien"),
        ("ﬁn ２４h", "fin 24h"),
        ("Ёлка й", "елка и"),
        ("أُغْنِيَة", "اغنيه"),
        ("ガラス", "ガラス"),
        ("zero\u200bwidth\u202e", "zerowidth"),
    ],
)
def test_fold_removes_case_and_accents(typed, folded):
    assert value("SELECT evently_search_fold(%s)", typed) == folded


@pytest.mark.parametrize(
    ("word", "stem"),
    [
        ("roofs", "roof"),
        ("parties", "parti"),
        ("party", "parti"),
        ("running", "run"),
        ("organization", "organization"),
        ("business", "business"),
        ("evenings", "evening"),
        ("the", ""),
        ("dont", ""),
        ("straße", "straße"),
    ],
)
def test_stem_removes_inflections_only(word, stem):
    assert value("SELECT evently_search_stem(%s)", word) == stem
