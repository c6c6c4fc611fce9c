"""How long events, their prices and imports are kept; and which events ended long ago."""

from collections.abc import Callable, Iterator
from uuid import UUID

from django.db import connection, transaction

from evently.audit.context import stamp
from evently.lifecycle.archiving import by_event
from evently.lifecycle.asking import ask
from evently.lifecycle.cold import Cold
from evently.lifecycle.expiring import expiring, old_rows
from evently.lifecycle.registry import LAST, Kept, Period, Rule, register

# Events that were over so long ago, and that have rows of another table.
LONG_OVER = """
    FROM events e WHERE e.status <> 'active'
    AND coalesce(e.ends_at, e.event_date) <= evently_clock() - interval '{period}'
    AND EXISTS (SELECT FROM {table} WHERE event_id = e.id) AND {condition}
"""
COMPRESSIBLE = """
    SELECT event_id, count(*) - 1 AS gone FROM pricing_history
    WHERE applied_at < ((evently_clock() - interval '1 year') AT TIME ZONE 'UTC')::date::timestamp
        AT TIME ZONE 'UTC'
    GROUP BY event_id, (applied_at AT TIME ZONE 'UTC')::date HAVING count(*) > 1
"""
IMPORTS = Period("the last change of the import", years=1)
PRICES_LEAVE = Period("the change of the price", years=5)
COLD_PRICES = Cold("pricing_history", at="applied_at", interval=PRICES_LEAVE.interval, years=7)
REALTIME = Period("the minute", days=7)
OLD_MINUTES = (
    "FROM event_analytics WHERE is_realtime"
    f" AND recorded_at < evently_clock() - interval '{REALTIME.interval}'"
)
MINUTES_AT_ONCE = 5_000


def drop_minutes() -> Iterator[int]:
    """Delete the figures of old minutes, a batch at a time; yields how many each had."""
    while True:
        with transaction.atomic(), connection.cursor() as cursor:
            stamp(connection)
            cursor.execute(
                "DELETE FROM event_analytics s USING"  # noqa: S608
                f" (SELECT event_id, id {OLD_MINUTES} ORDER BY recorded_at LIMIT {MINUTES_AT_ONCE})"
                " AS old WHERE s.event_id = old.event_id AND s.id = old.id"
            )
            deleted = cursor.rowcount
        if deleted:
            yield deleted
        if deleted < MINUTES_AT_ONCE:
            return


def long_over(
    table: str, period: str, *, condition: str = "true"
) -> tuple[Callable[[UUID, int], list[UUID]], Callable[[], int]]:
    """Return what finds events that ended long ago and have rows of a table, and counts these rows.

    period: as PostgreSQL writes it. condition: SQL over the event `e`.
    """
    rest = LONG_OVER.format(table=table, period=period, condition=condition)

    def due(after: UUID, most: int) -> list[UUID]:
        return ask(f"SELECT e.id {rest} AND e.id > %s ORDER BY e.id LIMIT %s", after, most)

    def count() -> int:
        return int(ask(f"SELECT count(*) FROM {table} WHERE event_id IN (SELECT e.id {rest})")[0])  # noqa: S608

    return due, count


def compressible(after: UUID, most: int) -> list[UUID]:
    return ask(
        f"SELECT DISTINCT event_id FROM ({COMPRESSIBLE}) days WHERE event_id > %s"  # noqa: S608
        " ORDER BY event_id LIMIT %s",
        after,
        most,
    )


register(
    Rule(
        name="compress_prices",
        personal=False,
        table="pricing_history",
        data="Changes of an event’s price",
        period=Period("the change of the price", years=1),
        then="joined to one row for each day",
        how="one transaction for each event",
        ground="Legitimate interest in the prices that were asked (Art. 6 (1) f GDPR); names no one"
        " but the organizer who changed a price",
        due=lambda: int(ask(f"SELECT coalesce(sum(gone), 0) FROM ({COMPRESSIBLE}) days")[0]),  # noqa: S608
        work=by_event("compress_prices", "evently_compress_prices", compressible),
    ),
    Rule(
        name="cold_prices",
        personal=False,
        table="pricing_history",
        data="Changes of an event’s price",
        period=PRICES_LEAVE,
        then="moved to cold storage until 7 years after the end of the month of the change",
        how="a signed file for each month",
        ground="Legitimate interest in the prices that were asked (Art. 6 (1) f GDPR)",
        due=COLD_PRICES.due,
        work=COLD_PRICES.work,
        order=LAST,
    ),
    Rule(
        name="imports",
        personal=False,
        table="event_imports",
        data="Files that organizers imported events from, with what was made of each line",
        period=IMPORTS,
        then="deleted",
        how="in batches",
        ground="Legitimate interest in taking an import back (Art. 6 (1) f GDPR)",
        due=lambda: old_rows("event_imports", "updated_at", IMPORTS.interval),
        work=expiring("event_imports", batch=200),
    ),
    Kept("events", "They are public, hold no attendee’s data, and bookings refer to them."),
    Kept("event_staff", "Who may manage an event, as long as the event is kept."),
    Kept("price_bounds", "Between which prices it was moved, as long as the event is kept."),
    Kept("pricing_rules", "The rule of an event’s price, as long as the event is kept."),
    Rule(
        name="realtime_figures",
        personal=False,
        table="event_analytics",
        data="Figures of an event by the minute, without people",
        period=REALTIME,
        then="deleted; the same figures by hour and day are kept",
        how="in batches",
        ground="They name no one",
        due=lambda: int(ask(f"SELECT count(*) {OLD_MINUTES}")[0]),
        work=drop_minutes,
    ),
    Kept("roll_ups", "How far figures of events are rolled up; a row for each resolution."),
    Kept(
        "event_lost_demand",
        "Sums of who was refused seats of an event, without people, as long as the event is kept.",
    ),
    Kept("lost_demand_states", "How far an event’s lost demand is counted; a row for each event."),
    Kept("event_import_rows", "They go with their import."),
    Kept("event_words", "Words of events, made anew from them."),
    Kept("search_words", "Words of events, made anew from them."),
)
