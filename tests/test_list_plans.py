"""How pages read rows under the roles: by an index, and without a function for each row.

Conditions of policies come before those of a query that are not leakproof, so an index may be of no
use to a role that would be to the owner. Here PostgreSQL is asked to read no table sequentially:
where it does all the same, no index could be used, however large the table.
"""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection, transaction

from evently.database import identity
from evently.database.identity import DatabaseRole, acting_as
from tests.filter_walk import Looker, Request, body_of, make_world

pytestmark = pytest.mark.django_db(transaction=True)

# With rows for each booking, event, attempt, entry or message.
LARGE = {
    "attendance_checks",
    "audit_log",
    "booking_attempts",
    "bookings",
    "bookings_archive",
    "email_delivery_log",
    "event_words",
    "events",
    "line_events",
    "message_keys",
    "payments",
    "person_keys",
    "pricing_history",
    "ticket_transfers",
    "tickets",
    "users",
    "waitlist_promotions",
    "waitlists",
    "waitlists_archive",
}
# Pages of filters that no index of the owner's may find: their conditions are not leakproof.
FILTERED = (
    "?when=weekend",
    "?search=concert&when=month",
    "?max_price=0",
    "api/v1/events/?date_from=2027-01-01&date_to=2027-01-07",
    "api/v1/events/?min_price=5&max_price=9",
)
# What is read or asked for each row, where the condition of a scan has it. That somebody is at an
# organizer's events is asked for the people of one page, and whether an event is public for the
# few prices that a page shows; files of all attendees may not even do that.
PER_ROW = re.compile(r"evently_(?!clock|is_mine|is_published)\w+\(")
SETTING = "current_setting("
OF_ALL_ATTENDEES = ("attendees_csv/", "attendees_xlsx/", "attendees.csv", "door_list/")
# A setting is read only where an event is not public: for drafts.
DRAFTS = "(published_at IS NOT NULL) OR "


def statements_of(looker: Looker) -> "dict[tuple[str, identity.Identity], tuple[str, Any]]":
    """Return what the pages of somebody read, each statement once, with the page and parameters."""
    found: dict[Any, tuple[str, Any]] = {}
    page = ""

    def note(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if sql.lstrip(" (\n").startswith(("SELECT", "WITH")) and "FOR UPDATE" not in sql:
            found.setdefault((sql, identity.current()), (page, params))
        return execute(sql, params, many, context)

    filtered = [
        Request(url, "GET", f"/{url}", is_own=True, is_api=url.startswith("api/"))
        for url in FILTERED
    ]
    for request in [*looker.requests("GET"), *filtered]:
        if request.is_own:
            page = request.name
            with connection.execute_wrapper(note):
                body_of(looker.send(request))
    return found


def plan_of(sql: str, params: Any, who: identity.Identity) -> dict[str, Any]:
    with acting_as(who), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(f"EXPLAIN (FORMAT JSON) {sql}", params)
        return cursor.fetchone()[0][0]["Plan"]


def nodes(plan: dict[str, Any], *, repeated: bool = False) -> Iterator[tuple[dict[str, Any], bool]]:
    """Yield the nodes of a plan, each with whether it is in a subquery that depends on its query.

    Of these, PostgreSQL decides by the number of rows whether to read all once, or each by an
    index.
    """
    yield plan, repeated
    for child in plan.get("Plans", []):
        is_repeated = repeated or child.get("Parent Relationship") == "SubPlan"
        yield from nodes(child, repeated=is_repeated)


def faults(plan: dict[str, Any], page: str, role: DatabaseRole) -> Iterator[str]:
    for node, repeated in nodes(plan):
        table, condition = node.get("Relation Name", ""), node.get("Filter", "")
        if page.endswith(OF_ALL_ATTENDEES) and "evently_is_mine" in condition:
            yield f"asks for each attendee: {condition}"
        if table not in LARGE:
            continue
        if node["Node Type"] == "Seq Scan" and not repeated:
            yield f"reads all of {table}"
        judged = condition.partition(DRAFTS)[0]
        reads_setting = SETTING in judged and "is_mine" not in judged
        if (reads_setting and role is DatabaseRole.ORGANIZER) or PER_ROW.search(judged):
            yield f"asks for each row of {table}: {condition}"


@pytest.mark.parametrize("who", ["visitor", "X", "A"])
def test_pages_use_indexes_and_ask_nothing_for_each_row(who):
    looker = Looker(make_world(), who)
    found = {
        (page, fault)
        for (sql, identity_), (page, params) in statements_of(looker).items()
        for fault in faults(plan_of(sql, params, identity_), page, identity_.role)
    }

    assert found == set()
