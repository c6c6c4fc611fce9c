"""The SQL that creates the views of analysts, put together from `sql/` and from patterns.

Three rules hold for everything that is counted or shown:

- Units. A row about a person is shown only as one of a unit: the rows of one kind at one event on
  one day (UTC) of at least so many persons. What is left of a month is a unit of its own, shown
  without its days, once the month is over, if it has as many persons. Rows of no unit are in no
  view and in no total, so that no figure minus other ones gives a smaller group.
- Pools. Where a view breaks units down further, cells with fewer persons are one cell, `other`,
  together with the smallest cell that has enough. Only months that are over are broken down: a cell
  that grows from day to day would show the day's persons.
- Pseudonyms. A person has one for each month of rows, made with a key that lives for the month in
  which it is read. Rows of two months, or read in two months, cannot be joined by them.
"""

import re
from dataclasses import dataclass, field
from pathlib import Path

FOLDER = Path(__file__).parent / "sql"
SMALLEST = "(SELECT persons FROM secrets.smallest_group)"
THIS_MONTH = "(SELECT month FROM analytics_base.today)"
# An HMAC whose pads are random themselves. The month as a number: no session's settings matter.
PERSON = """CASE WHEN s.user_id IS NOT NULL THEN left(encode(sha256(k.outer_pad || sha256(
        k.inner_pad || uuid_send(s.user_id) || int4send(s.month - DATE '2000-01-01')
    )), 'hex'), 20) END"""
LEAD_TIME = """CASE
        WHEN s.lead_days <= 1 THEN '0 to 1 day'
        WHEN s.lead_days <= 7 THEN '2 to 7 days'
        WHEN s.lead_days <= 30 THEN '8 to 30 days'
        WHEN s.lead_days <= 90 THEN '31 to 90 days'
        ELSE 'over 90 days'
    END"""
PRICE = """CASE
        WHEN s.unit_price = 0 THEN 'free'
        WHEN s.unit_price < 10 THEN 'under 10'
        WHEN s.unit_price < 25 THEN '10 to 25'
        WHEN s.unit_price < 50 THEN '25 to 50'
        WHEN s.unit_price < 100 THEN '50 to 100'
        ELSE '100 or more'
    END"""

# Kinds of rows, each with the column that its units are of.
UNITS = {
    "bookings": "event_id",
    "attempts": "event_id",
    "waitlist_entries": "event_id",
    "offers": "event_id",
    "payments": "event_id",
    "notifications": "type",
    "emails": "type",
}
UNIT_VIEWS = """
CREATE VIEW analytics_base.days_of_{kind} AS
SELECT {of}, day FROM analytics_base.all_{kind}
WHERE day < (SELECT day FROM analytics_base.today)
GROUP BY {of}, day HAVING count(DISTINCT user_id) >= {smallest};

CREATE VIEW analytics_base.rests_of_{kind} AS
SELECT a.{of}, a.month FROM analytics_base.all_{kind} a
LEFT JOIN analytics_base.days_of_{kind} d ON d.{of} = a.{of} AND d.day = a.day
WHERE d.day IS NULL AND a.month < {this_month}
GROUP BY a.{of}, a.month HAVING count(DISTINCT a.user_id) >= {smallest};

CREATE VIEW analytics_base.shown_{kind} AS
SELECT a.*, d.day AS shown_day FROM analytics_base.all_{kind} a
LEFT JOIN analytics_base.days_of_{kind} d ON d.{of} = a.{of} AND d.day = a.day
LEFT JOIN analytics_base.rests_of_{kind} r ON r.{of} = a.{of} AND r.month = a.month
WHERE d.day IS NOT NULL OR r.month IS NOT NULL;
"""


@dataclass(frozen=True)
class Breakdown:
    """A view that counts the rows of a kind by a further property.

    of: columns that groups are of, as expressions by name; cell: name of the property; by: its
    expression; sums: what is added up, as expressions by name; join: what they need besides. In
    expressions, `s` is the row.
    """

    view: str
    kind: str
    of: dict[str, str]
    cell: str
    by: str
    sums: dict[str, str] = field(default_factory=dict)
    join: str = ""


MONTH = {"month": "s.month"}
MONEY = {"currency": "s.currency::text"}
SALES = {"bookings": "count(*)", "seats": "sum(s.quantity)"}
LOCAL = "(s.created_at AT TIME ZONE s.time_zone)"
FIRST = "CASE WHEN s.month > f.month THEN 'returning' ELSE 'first month' END"
BREAKDOWNS = (
    Breakdown("bookings_by_hour", "bookings", MONTH, "hour", f"to_char({LOCAL}, 'HH24')", SALES),
    Breakdown(
        "bookings_by_weekday", "bookings", MONTH, "weekday", f"to_char({LOCAL}, 'ID')", SALES
    ),
    Breakdown("bookings_by_lead_time", "bookings", MONTH, "lead_time", LEAD_TIME, SALES),
    Breakdown(
        *("bookings_by_price", "bookings", MONTH | MONEY, "price", PRICE),
        sums=SALES | {"amount": "sum(s.total_amount)"},
    ),
    Breakdown(
        *("attendees_by_month", "bookings", MONTH, "attendee", FIRST, SALES),
        join="JOIN analytics_base.first_months f ON f.user_id = s.user_id",
    ),
    Breakdown(
        *("attempts_by_result", "attempts", {"event_id": "s.event_id"} | MONTH, "result"),
        by="coalesce(s.failure_reason, s.result)",
        sums={"attempts": "count(*)"},
    ),
    Breakdown(
        *("waitlist_by_status", "waitlist_entries", {"event_id": "s.event_id"} | MONTH, "status"),
        by="s.status",
        sums={"entries": "count(*)", "seats": "sum(s.quantity)"},
    ),
    Breakdown(
        *("offers_by_status", "offers", {"event_id": "s.event_id"} | MONTH, "status"),
        by="s.status",
        sums={"offers": "count(*)", "seats": "sum(s.quantity)"},
    ),
)
BREAKDOWN_VIEW = """
CREATE VIEW analytics.{view} WITH (security_barrier) AS
WITH rows AS (
    SELECT s.*, {named}, {by} AS in_cell
    FROM analytics_base.shown_{kind} s {join} WHERE s.month < {this_month}
), cells AS (
    SELECT {groups}, in_cell, count(DISTINCT user_id) AS persons
    FROM rows GROUP BY {groups}, in_cell
), ranked AS (
    SELECT *, persons < {smallest} AS is_small,
        bool_or(persons < {smallest}) OVER (PARTITION BY {groups}) AS has_small,
        row_number() OVER (PARTITION BY {groups}, persons < {smallest} ORDER BY persons, in_cell)
            AS rank
    FROM cells
), pooled AS (
    SELECT {groups}, in_cell,
        CASE WHEN is_small OR has_small AND rank = 1 THEN 'other' ELSE in_cell END AS cell
    FROM ranked
)
SELECT {shown}, p.cell AS {cell}, count(DISTINCT s.user_id) AS persons, {sums}
FROM rows s JOIN pooled p ON p.in_cell = s.in_cell AND {same}
GROUP BY {columns}, p.cell HAVING count(DISTINCT s.user_id) >= {smallest};
"""


def creating() -> str:
    """Return the statements that create all views, into the two schemas, which are empty."""
    units = (
        UNIT_VIEWS.format(kind=kind, of=of, smallest=SMALLEST, this_month=THIS_MONTH)
        for kind, of in UNITS.items()
    )
    return "\n".join(
        (_text("base"), *units, _text("rows"), _text("figures"), *map(_breakdown, BREAKDOWNS))
    )


def _text(name: str) -> str:
    """Return a file's statements with the expressions that its braces name."""
    expressions = {"person": PERSON, "lead_time": LEAD_TIME, "smallest": SMALLEST}
    text = (FOLDER / f"{name}.sql").read_text()
    return re.sub(r"\{(person|lead_time|smallest)\}", lambda match: expressions[match[1]], text)


def _breakdown(breakdown: Breakdown) -> str:
    named = {f"of_{name}": by for name, by in breakdown.of.items()}
    return BREAKDOWN_VIEW.format(
        view=breakdown.view,
        kind=breakdown.kind,
        by=breakdown.by,
        cell=breakdown.cell,
        named=", ".join(f"{by} AS {name}" for name, by in named.items()),
        groups=", ".join(named),
        join=breakdown.join,
        shown=", ".join(f"s.of_{name} AS {name}" for name in breakdown.of),
        columns=", ".join(f"s.{name}" for name in named),
        same=" AND ".join(f"p.{name} = s.{name}" for name in named),
        sums=", ".join(f"{by} AS {name}" for name, by in breakdown.sums.items()),
        smallest=SMALLEST,
        this_month=THIS_MONTH,
    )
