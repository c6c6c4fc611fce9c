"""Analysts see figures and pseudonyms, and no way from there to a person."""

import random
import re
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import psycopg
import pytest

from bookings import operations as bookings
from bookings.models import BookingAttempt
from boxoffice.analysts.meanings import VIEWS
from boxoffice.analysts.rotation import rotate_pseudonyms
from boxoffice.analysts.tests.conftest import book, october, old_event, people, rewrite
from boxoffice.analysts.views import BREAKDOWNS
from boxoffice.tests.test_forgetting import ERASED, SEALED, columns
from evently.accounts.factories import UserFactory
from evently.environment import BASE_DIR
from evently.tests.database import as_owner
from waitlists.archive_models import ArchivedEntry
from waitlists.factories import WaitlistEntryFactory

pytestmark = pytest.mark.django_db(transaction=True)

# Columns with a person, or with text that people wrote, which views read without showing them.
READ_ONLY_IN_PART = {
    "user_id": "as a pseudonym, and to count persons",
    "failure_reason": "codes only",
    "type": "codes only",
    "kind": "codes only",
    "venue": "as a digest",
    "id": "to join; of events as the event's id",
    "booking_id": "to join",
    "waitlist_id": "to join",
    "offers": "figures and states of offers",
    "record": "figures of an entry",
}
# Columns of texts that are one of a few words, by a check or a foreign key of the database.
WORDS = {
    "status",
    "cancelled_by",
    "result",
    "currency",
    "timezone",
    "provider",
    "payment_mode",
    "unanswered_policy",
}
# The columns that views read, directly or through other views.
READ = """
    WITH RECURSIVE uses AS (
        SELECT d.refobjid, d.refobjsubid FROM pg_rewrite r JOIN pg_class v ON v.oid = r.ev_class
        JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid
            AND d.refclassid = 'pg_class'::regclass AND d.refobjid <> v.oid
        WHERE v.relnamespace = 'analytics'::regnamespace
        UNION
        SELECT d.refobjid, d.refobjsubid FROM uses u JOIN pg_rewrite r ON r.ev_class = u.refobjid
        JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid
            AND d.refclassid = 'pg_class'::regclass AND d.refobjid <> r.ev_class
    )
    SELECT CASE n.nspname WHEN 'public' THEN '' ELSE n.nspname || '.' END || c.relname, a.attname,
        format_type(a.atttypid, NULL)
    FROM uses u JOIN pg_class c ON c.oid = u.refobjid JOIN pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = u.refobjsubid
    WHERE c.relkind IN ('r', 'p')
"""
COMMENTS = """
    SELECT c.relname, coalesce(a.attname, ''), coalesce(obj_description(c.oid), ''),
        coalesce(col_description(c.oid, a.attnum), '')
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
    WHERE c.relnamespace = 'analytics'::regnamespace ORDER BY c.relname, a.attnum
"""


def read(analyst, statement, *parameters):
    return analyst.execute(statement, parameters).fetchall()


def everything(analyst):
    """Return {view: rows as text} of all views."""
    return {
        view: [row for (row,) in read(analyst, f"SELECT v::text FROM {view} v")] for view in VIEWS
    }


def test_no_view_reads_personal_data_or_free_text():
    with as_owner() as owner:
        used = owner.execute(READ).fetchall()

    assert {("bookings", "quantity", "smallint"), ("events", "venue", "character varying")} <= set(
        used
    )
    assert {(table, column) for table, column, _ in used} & columns(SEALED, ERASED) == set()
    texts = {
        f"{table}.{column}"
        for table, column, type_ in used
        if type_ not in ("smallint", "integer", "boolean", "numeric", "date", "bigint")
        and not type_.startswith("timestamp")
        and table not in ("secrets.pseudonym_keys",)
        and not column.startswith("event_id")
        and column not in READ_ONLY_IN_PART.keys() | WORDS
    }
    assert texts == set(), "views read these columns, which may hold personal data or free text"


def test_each_view_and_column_is_explained_in_the_database_and_in_the_docs(analyst):
    page = (BASE_DIR / "docs" / "analysts.md").read_text()
    found = defaultdict(dict)
    for view, column, about_view, about_column in read(analyst, COMMENTS):
        assert about_view == VIEWS[view][0]
        found[view][column] = about_column
    assert found == {view: texts for view, (_, texts) in VIEWS.items()}

    for view, (about, texts) in VIEWS.items():
        section = re.search(rf"^### {view}\n(.*?)(?=^##|\Z)", page, re.MULTILINE | re.DOTALL)
        assert section, f"docs/analysts.md has no section {view}"
        assert about in section[1]
        rows = re.findall(r"^\| ([a-z_]+) \| (.+) \|$", section[1], re.MULTILINE)
        assert dict(rows) == texts, view


def test_nothing_of_a_person_comes_out(now, analyst):
    event = old_event(description="marker-description", venue="marker-venue", name="marker-name")
    users = people(6)
    made = book(event, users, october(3), quantity=2)
    attempts = [
        BookingAttempt.objects.create(
            event=event,
            user=user,
            quantity=4915700123456,
            result="failed",
            failure_reason="call me: 555 marker",
            ip_address="192.0.2.211",
            user_agent="marker-agent",
        ).pk
        for user in users
    ]
    rewrite("booking_attempts", attempts, attempted_at=october(3))
    full = old_event(description="marker-description")
    rewrite("events", [full.pk], available_seats=0)
    entries = [
        WaitlistEntryFactory(
            event=full, user=user, priority_score=3, priority_reason="marker-wheelchair"
        ).pk
        for user in users
    ]
    rewrite("waitlists", entries, joined_at=october(4))
    bookings.cancel_booking(
        event_id=event.pk, booking_id=made[0].pk, by=bookings.Canceller.ORGANIZER, reason="marker-x"
    )

    text = everything(analyst)

    filled = {view for view, rows in text.items() if rows}
    assert {"events", "bookings", "booking_attempts", "waitlist_entries", "bookings_by_day"} <= (
        filled
    )
    out = "\n".join(row for rows in text.values() for row in rows).lower()
    for secret in (
        "marker",
        "192.0.2.211",
        "4915700123456",
        *(str(user.pk) for user in users),
        *(user.email for user in users),
        *(user.name.lower() for user in users),
        *(str(booking.pk) for booking in made),
        *(booking.booking_reference.lower() for booking in made),
    ):
        assert secret not in out
        assert secret.replace("-", "") not in out


def test_pseudonyms_join_within_a_month_and_not_beyond(now, analyst):
    event, users = old_event(), people(5)
    book(event, users, october(3))
    book(event, users, october(9))
    book(event, users, datetime(2026, 9, 9, tzinfo=UTC))

    rows = read(analyst, "SELECT month, day, person FROM bookings")

    by_day = defaultdict(set)
    for _, day, person in rows:
        by_day[day.isoformat()].add(person)
    assert {len(persons) for persons in by_day.values()} == {5}
    assert by_day["2026-10-03"] == by_day["2026-10-09"]
    assert by_day["2026-10-03"].isdisjoint(by_day["2026-09-09"])


def test_pseudonyms_cannot_be_made_again_once_the_month_is_over(now, analyst):
    book(old_event(), people(5), october(3))
    november = {person for (person,) in read(analyst, "SELECT person FROM bookings")}
    assert len(november) == 5
    with as_owner() as owner:
        ((old_key,),) = owner.execute("SELECT inner_pad FROM secrets.pseudonym_keys").fetchall()

    now.stop(datetime(2026, 12, 1, tzinfo=UTC))

    # Even before the key is replaced, it is not used any more.
    assert {person for (person,) in read(analyst, "SELECT person FROM bookings")} == {None}
    assert rotate_pseudonyms() is True
    assert rotate_pseudonyms() is False
    december = {person for (person,) in read(analyst, "SELECT person FROM bookings")}
    assert len(december) == 5
    assert december.isdisjoint(november)
    with as_owner() as owner:
        ((new_key,),) = owner.execute("SELECT inner_pad FROM secrets.pseudonym_keys").fetchall()
    assert new_key != old_key


def test_small_days_are_shown_by_month_only_and_small_rests_not_at_all(now, analyst):
    event, other, tiny = old_event(), old_event(), old_event()
    book(event, people(6), october(3))
    book(event, people(3), october(4))
    book(event, people(2), october(5))
    book(other, people(6), october(3))
    book(other, people(4), october(4), quantity=7)
    book(tiny, people(4), october(3), quantity=7)

    counts = {
        (str(event_id), day and day.day): count
        for event_id, day, count in read(
            analyst, "SELECT event_id, day, count(*) FROM bookings GROUP BY 1, 2"
        )
    }
    assert counts == {(str(event.pk), 3): 6, (str(event.pk), None): 5, (str(other.pk), 3): 6}
    assert read(analyst, "SELECT count(*) FROM bookings WHERE quantity = 7") == [(0,)]
    # Nor by what a condition does to rows that are left out.
    assert read(analyst, "SELECT count(*) FROM bookings WHERE 1 / (quantity - 7) > 5") == [(0,)]


def test_one_person_many_times_is_no_group(now, analyst):
    (user,) = people(1)
    for _ in range(6):
        book(old_event(), [user], october(3))
        book(event := old_event(), [user], october(3))
        book(event, [user], october(4))

    assert read(analyst, "SELECT * FROM bookings") == []


def test_no_total_minus_others_gives_a_smaller_group(now, analyst):
    rng = random.Random(7)
    crowd = people(12)
    hidden = Decimal(0)
    for venue in ("Hall", "Park"):
        for persons in (9, 6, 4, 2):
            event = old_event(venue=venue)
            for user in rng.sample(crowd, persons):
                price = Decimal(rng.choice((0, 7, 20, 60)))
                quantity = rng.randint(1, 4)
                at = october(2, rng.choice((1, 9, 9, 9, 9, 9, 9, 18)))
                book(event, [user], at, quantity=quantity, price=price)
                hidden += price * quantity if persons < 5 else 0
    assert hidden > 0

    total = read(analyst, "SELECT count(*), sum(quantity), sum(total_amount) FROM bookings")
    for view in ("bookings_by_day", "bookings_by_venue", "bookings_by_price"):
        sums = f"SELECT sum(bookings), sum(seats), sum(amount), min(persons) FROM {view}"
        ((*found, fewest),) = read(analyst, sums)
        assert [tuple(found)] == total, view
        assert fewest >= 5
    for breakdown in BREAKDOWNS:
        if breakdown.kind == "bookings":
            sums = f"SELECT sum(bookings), sum(seats), min(persons) FROM {breakdown.view}"
            ((*found, fewest),) = read(analyst, sums)
            assert [tuple(found)] == [total[0][:2]], breakdown.view
            assert fewest >= 5, breakdown.view
    hours = read(analyst, "SELECT hour FROM bookings_by_hour")
    assert ("other",) in hours


def test_reading_each_day_shows_no_small_group(now, analyst):
    rng = random.Random(11)
    events, crowd = [old_event(), old_event()], people(14)
    at = datetime(2026, 11, 1, tzinfo=UTC)
    for day in range(8):
        for event in events:
            users = rng.sample(crowd, rng.choice((1, 2, 4, 5, 9)))
            book(event, users, at + timedelta(days=day, hours=3))

    before = defaultdict(int)
    readings = [*range(1, 10), 31]
    for day in readings:
        now.stop(at + timedelta(days=day, hours=1))
        if day == 31:
            rotate_pseudonyms()
        shown = defaultdict(int)
        persons = {}
        for event, shown_day, count, people_ in read(
            analyst,
            "SELECT event_id, day, count(*), count(DISTINCT person) FROM bookings GROUP BY 1, 2",
        ):
            shown[event] += count
            persons[event, shown_day] = people_
        for event, count in shown.items():
            assert count == before[event] or count - before[event] >= 5
        assert all(count >= 5 for count in persons.values())
        before = shown
    assert sum(before.values()) > 0


def test_archived_waitlists_stay_in_the_figures(now, analyst):
    event = old_event()
    offer = {"quantity": 2, "unit_price": 5, "status": "used", "window_minutes": 60}
    offer |= {"is_at_night": False, "promoted_at": "2026-10-04T09:00:00Z"}
    offer |= {"ended_at": "2026-10-04T11:00:00Z"}
    for user in people(5):
        ArchivedEntry.objects.create(
            event=event,
            user=user,
            status="booked",
            quantity=2,
            joined_at=october(3),
            ended_at=october(20),
            record={"min_quantity": 1, "auto_accept": False, "unit_price": 5, "lapses": 0},
            offers=[offer],
        )

    entries = read(analyst, "SELECT DISTINCT status, offers, days_to_offer FROM waitlist_entries")
    assert entries == [("booked", 1, 1)]
    offers = read(analyst, "SELECT answered_after, count(*) FROM offers GROUP BY 1")
    assert offers == [("1 to 6 hours", 5)]
    assert read(analyst, "SELECT status, seats FROM offers_by_status") == [("used", 10)]


def test_groups_can_be_larger_but_never_smaller(now, analyst):
    book(old_event(), people(7), october(3))
    assert read(analyst, "SELECT count(*) FROM bookings") == [(7,)]
    with as_owner() as owner:
        owner.execute("UPDATE secrets.smallest_group SET persons = 8")
    assert read(analyst, "SELECT count(*) FROM bookings") == [(0,)]


def test_an_analyst_sees_nothing_else(now, analyst):
    with as_owner() as owner:
        relations = owner.execute(
            "SELECT format('%I.%I', nspname, relname) FROM pg_class c JOIN pg_namespace n"
            " ON n.oid = relnamespace WHERE relkind IN ('r', 'p', 'v', 'm', 'S')"
            " AND nspname IN ('public', 'keys', 'secrets', 'analytics_base')"
        ).fetchall()
        functions = owner.execute(
            "SELECT DISTINCT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace"
        ).fetchall()
    assert len(relations) > 50 < len(functions)
    refused = psycopg.errors.InsufficientPrivilege
    for (relation,) in relations:
        with pytest.raises(refused):
            analyst.execute(f"SELECT * FROM {relation}")
    for (function,) in functions:
        with pytest.raises(refused):
            analyst.execute(f'SELECT public."{function}"()')


REFUSALS = (
    psycopg.errors.InsufficientPrivilege,
    # Of views over several tables, PostgreSQL says this before it asks for rights.
    psycopg.errors.ObjectNotInPrerequisiteState,
)


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE analytics.mine (a int)",
        "CREATE TEMP TABLE mine (a int)",
        "CREATE SCHEMA mine",
        "CREATE FUNCTION analytics.mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "UPDATE analytics.events SET status = 'cancelled'",
        "DELETE FROM analytics.price_changes",
        "SET ROLE evently_owner",
        "SELECT * FROM pg_authid",
        "SELECT pg_read_file('/etc/passwd')",
        "COPY (SELECT 1) TO PROGRAM 'cat'",
        "COPY (SELECT 1) TO '/tmp/out'",
        "SET session_replication_role = replica",
        "SELECT * FROM pg_statistic",
    ],
)
def test_an_analyst_changes_nothing_and_takes_no_other_role(now, analyst, statement):
    analyst.execute("SET default_transaction_read_only = off")
    with pytest.raises(REFUSALS):
        analyst.execute(statement)


def test_an_analyst_sees_neither_statements_of_others_nor_statistics(now, analyst):
    UserFactory()
    with as_owner() as owner:
        owner.execute("SELECT 'sextant'")
        owner.execute("ANALYZE users")
        texts = read(analyst, "SELECT query FROM pg_stat_activity WHERE usename <> current_user")
        assert texts
        assert not any("sextant" in (text or "") for (text,) in texts)
    assert read(analyst, "SELECT DISTINCT schemaname FROM pg_stats WHERE schemaname !~ '^pg_'") in (
        [],
        [("information_schema",)],
    )
