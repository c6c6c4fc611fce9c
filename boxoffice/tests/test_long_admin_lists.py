"""Lists of the admin on tables of many rows: what they count, skip and sort by."""

import re
from collections.abc import Iterator

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from bookings.factories import BookingFactory
from bookings.models import Booking
from boxoffice.tests.organizing import BOOKINGS, tab
from evently.accounts.factories import SuperuserFactory, UserFactory
from evently.admin.lists import MOST_COUNTED, CappedPaginator
from evently.tests.database import as_owner
from events.factories import EventFactory
from events.models import Event

pytestmark = pytest.mark.django_db
USERS = "/admin/accounts/user/"


@pytest.fixture
def boss(client: Client) -> Client:
    client.force_login(SuperuserFactory(name="Boss"))
    return client


@pytest.fixture
def few_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let lists show two rows a page, and count four."""
    from evently.accounts.admin import UserAdminBase

    monkeypatch.setattr(UserAdminBase, "list_per_page", 2)
    monkeypatch.setattr(CappedPaginator, "most", 4)


@pytest.fixture
def many_by_estimate() -> Iterator[None]:
    """Let the planner take the bookings for many, until the end of the test."""
    yield from estimated(MOST_COUNTED + 1)


@pytest.fixture
def few_by_estimate() -> Iterator[None]:
    """Let it take them for few, whatever other tests have left in its statistics."""
    yield from estimated(1)


def estimated(rows: int) -> Iterator[None]:
    with as_owner() as owner:
        owner.execute(
            "UPDATE pg_class SET reltuples = %s WHERE oid = 'bookings'::regclass"
            if owner.info.server_version < 180000
            else "SELECT pg_restore_relation_stats('schemaname', 'public', 'relname', 'bookings',"
            " 'reltuples', %s::real)",
            [rows],
        )
    yield
    with as_owner() as owner:
        owner.execute("ANALYZE bookings")


def names(page) -> list[str]:
    return [user.name for user in page.context["cl"].result_list]


@pytest.mark.usefixtures("few_are_counted")
def test_a_long_list_says_that_there_are_more_and_leads_on(boss):
    for number in range(6):
        UserFactory(name=f"Number {number}")

    first, last = boss.get(USERS), boss.get(USERS, {"p": 5000})

    assert "More than 4" in first.content.decode()
    assert names(first) == ["Number 5", "Number 4"]
    assert "Continue after these" not in first.content.decode()
    assert names(last) == ["Number 3", "Number 2"]
    found = re.search(r'href="([^"]+)">Continue after these', last.content.decode())
    rest = boss.get(USERS + found[1].replace("&amp;", "&"))
    assert names(rest) == ["Number 1", "Number 0"]
    assert "More than" not in rest.content.decode()
    assert 'href="?">Back to the first' in rest.content.decode()


@pytest.mark.usefixtures("few_are_counted")
def test_a_list_that_begins_at_no_row_of_it_is_shown_from_its_first(boss):
    for wrong in ("zzz", "WzAsIi1pZCIsIngiXQ"):
        assert boss.get(USERS, {"after": wrong}).status_code == 302
    assert boss.get(USERS, {"after": ""}).status_code == 200


def test_lists_count_up_to_a_limit_and_skip_by_ids(boss):
    BookingFactory.create_batch(3)

    with CaptureQueriesContext(
        connection,
    ) as captured:
        boss.get(BOOKINGS)

    counts = [query["sql"] for query in captured if "COUNT(*)" in query["sql"]]
    assert [f"LIMIT {MOST_COUNTED + 1}" in sql for sql in counts] == [True]
    assert "JOIN" not in counts[0]


@pytest.mark.usefixtures("many_by_estimate")
def test_all_rows_of_a_long_table_are_sorted_by_indexed_columns_only(boss):
    event = EventFactory()
    BookingFactory(event=event, quantity=2)
    BookingFactory(event=event, quantity=1)

    def order(url, column):
        return [row.quantity for row in boss.get(url, {"o": column}).context["cl"].result_list]

    seats = [name for name, _ in enumerate(("", "reference", "event", "attendee", "seats"))][-1]
    assert order(BOOKINGS, seats) == [1, 2]  # the latest first, whatever the address says
    assert order(BOOKINGS, -seats) == [1, 2]
    assert order(tab(event, "attendees"), -(seats - 1)) == [2, 1]


def test_a_reference_is_found_by_the_unique_index(boss):
    wanted = BookingFactory()
    wanted.refresh_from_db()
    other = BookingFactory(event=Event.objects.get())

    def found(text):
        return list(boss.get(BOOKINGS, {"q": text}).context["cl"].result_list)

    for text in (wanted.booking_reference, wanted.booking_reference.lower()):
        with CaptureQueriesContext(connection) as captured:
            assert found(text) == [wanted]
        assert not any("LIKE UPPER" in query["sql"] for query in captured)
    assert found(wanted.booking_reference[:11]) == [other, wanted]
    assert found(wanted.booking_reference[:-2] + "!!") == []


@pytest.mark.usefixtures("few_by_estimate")
def test_part_of_a_reference_is_found_where_the_table_is_short(boss):
    wanted = BookingFactory()
    wanted.refresh_from_db()

    page = boss.get(BOOKINGS, {"q": wanted.booking_reference[-6:]})

    assert list(page.context["cl"].result_list) == [wanted] == list(Booking.objects.all())


def test_an_email_address_is_looked_up_without_names_of_events(boss):
    user = UserFactory(email="w.kamau@example.org")

    with CaptureQueriesContext(connection) as captured:
        page = boss.get("/admin/notifications/emaildelivery/", {"q": user.email})

    assert page.status_code == 200
    assert [query["sql"] for query in captured if '"name"::text' in query["sql"]] == []
