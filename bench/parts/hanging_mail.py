"""How late offers end while the mail server hangs: it takes emails, and never answers.

Emails become due all the time, and offers end all the time; one that ends late holds seats that
others wait for.
"""

import time
from typing import Any

from bench.measures import Stage
from bench.measures.emails import DUE, OF_BOOKINGS
from bench.people import Person, book_by_sql, events_on_sale, join_by_sql
from bench.stage.settling import settle

LONGEST_OVERDUE = "longest that an offer was overdue while mail hung, s"
EVENTS, SEATS = 10, 20
EMAILS = 300
PAUSE_SECONDS = 0.2
# After so many failures, an email waits for hours.
PATIENCE_SECONDS = 900

# As the owner: every event's bookings are cancelled, and its seats offered until the times wanted.
OFFER = """
    INSERT INTO waitlist_promotions (event_id, user_id, waitlist_id, quantity, unit_price,
        expires_at, window_minutes)
    SELECT event_id, user_id, id, 1, unit_price,
        evently_clock() + make_interval(secs => 1 + %s::float * row_number() OVER () / %s), 60
    FROM waitlists WHERE event_id = ANY(%s)
"""
OVERDUE = """
    SELECT coalesce(max(extract(epoch FROM evently_clock() - expires_at)), 0)::float
    FROM waitlist_promotions WHERE status = 'pending' AND expires_at < evently_clock()
"""


def make_offers(
    database: Any, people: list[Person], *, seconds: float, events: int = EVENTS, seats: int = SEATS
) -> None:
    """Make offers that end one after the other in this time, to those after the first people.

    database: the owner's.
    """
    made = events_on_sale(database, events, seats=seats)
    for event in made:
        book_by_sql(database, [(event, one.id) for one in people[:seats]])
        join_by_sql(database, [(event, one.id) for one in people[seats : 2 * seats]])
    with database.transaction():
        database.execute(
            "UPDATE bookings SET status = 'cancelled' WHERE event_id = ANY(%s)", [made]
        )
        database.execute(
            "UPDATE waitlists SET status = 'promoted' WHERE event_id = ANY(%s)", [made]
        )
        database.execute(OFFER, [seconds, events * seats, made])


def measure(stage: Stage, seconds: float) -> dict[str, float]:
    """Let the mail server hang for so many seconds; return what was seen, by name.

    It hangs on until no offer is overdue, but no longer than twice the time.
    """
    servers, people = stage.servers, stage.people[: 2 * SEATS]
    database = servers.database
    settle(servers)
    sent_before = servers.sink.emails()
    servers.sink.hang()
    started, longest, due = time.monotonic(), 0.0, 0
    make_offers(database, people, seconds=seconds)
    passed = overdue = 0.0
    while passed < seconds or (overdue and passed < 2 * seconds):
        if due < EMAILS * passed / seconds:
            pairs = [(stage.hot, people[(due + more) % len(people)].id) for more in range(10)]
            keys = [f"booking_confirm:{one}" for one in book_by_sql(database, pairs)]
            ids = database.execute(OF_BOOKINGS, [[one.id for one in people], keys]).fetchall()
            database.execute(DUE, [[row[0] for row in ids]])
            due += len(pairs)
        ((overdue,),) = database.execute(OVERDUE).fetchall()
        longest = max(longest, overdue)
        time.sleep(PAUSE_SECONDS)
        passed = time.monotonic() - started
    servers.sink.answer()
    return {
        LONGEST_OVERDUE: longest,
        "emails out after it answered again, s": settle(servers, patience_seconds=PATIENCE_SECONDS),
        "emails that the mail server accepted meanwhile": servers.sink.emails() - sent_before,
    }
