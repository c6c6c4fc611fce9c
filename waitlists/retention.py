"""How long waitlist entries and offers are kept."""

from evently.lifecycle.archiving import by_event
from evently.lifecycle.cold import Cold
from evently.lifecycle.registry import THIRD, Kept, Period, Rule, register
from events.retention import long_over

ARCHIVED = Period("the end of the event", months=6)
LEAVES = Period("the end of the event", years=2)
ARCHIVE = Cold(
    "waitlists_archive", at="ended_at", interval=LEAVES.interval, years=3, order="ended_at"
)
find_events, count_entries = long_over(
    "waitlists",
    ARCHIVED.interval,
    condition="NOT EXISTS (SELECT FROM lines l WHERE l.event_id = e.id AND l.is_open)"
    " AND NOT EXISTS (SELECT FROM waitlists w WHERE w.event_id = e.id"
    " AND w.status IN ('waiting', 'promoted'))",
)

register(
    Rule(
        name="archive_waitlists",
        table="waitlists",
        data="Waitlist entries with their offers",
        period=ARCHIVED,
        then="moved to the archive; the public record of the waitlist stays as it is",
        how="one transaction for each event; without reasons, notification settings and the"
        " pseudonym that leads to the public record",
        ground="Contract (Art. 6 (1) b GDPR): what was promised about the order of offers",
        due=count_entries,
        work=by_event("archive_waitlists", "evently_archive_waitlist", find_events),
    ),
    Rule(
        name="cold_waitlists",
        table="waitlists_archive",
        data="Archived waitlist entries",
        period=LEAVES,
        then="moved to cold storage until 3 years after the end of the month of the event",
        how="a signed file for each month",
        ground="Legitimate interest in answering claims until they lapse (Art. 6 (1) f GDPR)",
        due=ARCHIVE.due,
        work=ARCHIVE.work,
        order=THIRD,
    ),
    Kept("waitlist_promotions", "They go to the archive with their entry."),
    Kept("lines", "The public record of an event’s waitlist; it names no one."),
    Kept(
        "line_events",
        "The public record of an event’s waitlist, a chain in which no link may be missing; it has"
        " pseudonyms only, which lead to no one once the waitlist is archived.",
        data="Your place in the public record of a waitlist, under a pseudonym",
        until="as long as the event is kept; from 6 months after its end, the pseudonym leads to no"
        " one",
        ground="Legitimate interest in showing that the order was kept (Art. 6 (1) f GDPR)",
    ),
    Kept("draws", "Part of the public record of an event’s waitlist."),
)
