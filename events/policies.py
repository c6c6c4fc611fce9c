"""Who sees and changes which events, and what belongs to them."""

from evently.row_security.tables import (
    LISTED,
    MANAGED,
    ME,
    OWN,
    READS,
    May,
    Table,
    declare,
    managed,
    may_call,
)
from events.pricing_models import PriceRule

PUBLIC = "published_at IS NOT NULL"
MANAGED_EVENT = managed(creator="created_by_id", event="id")
CREATED = f"created_by_id = {ME}"
IMPORTED = f"organizer_id = {ME}"
IS_PUBLIC = "evently_is_published(event_id)"

declare(
    Table(
        "events",
        visitor=May(select=PUBLIC),
        # Those who organize no more have their data, too.
        attendee=May(select=f"({PUBLIC} OR {CREATED})"),
        organizer=May(
            select=f"({PUBLIC} OR {MANAGED_EVENT})",
            insert=CREATED,
            update=MANAGED_EVENT,
            delete=MANAGED_EVENT,
        ),
    ),
    Table(
        "event_staff",
        attendee=May(select=OWN),
        organizer=May(
            select=f"({OWN} OR {MANAGED})", insert=MANAGED, update=MANAGED, delete=MANAGED
        ),
    ),
    # What the search looks up, written by triggers: words of published events.
    Table("event_words", visitor=READS, attendee=READS, organizer=READS),
    Table("search_words", visitor=READS, attendee=READS, organizer=READS),
    Table(
        "pricing_history",
        visitor=May(select=IS_PUBLIC),
        attendee=May(select=IS_PUBLIC),
        organizer=May(select=f"({LISTED} OR {IS_PUBLIC})"),
    ),
    Table(
        "price_bounds",
        visitor=May(select=IS_PUBLIC),
        attendee=May(select=IS_PUBLIC),
        organizer=May(select=f"({LISTED} OR {IS_PUBLIC})"),
    ),
    # Its bounds and its next rise are public, its settings are not. The next rise is the sweep's.
    Table(
        "pricing_rules",
        organizer=May(
            select=LISTED,
            insert=MANAGED,
            update=MANAGED,
            columns=(*PriceRule.SETTINGS, "suspended_at"),
        ),
    ),
    Table("event_analytics", organizer=May(select=LISTED)),
    Table("event_lost_demand", organizer=May(select=LISTED)),
    Table("lost_demand_states", organizer=May(select=LISTED)),
    # How old figures are, of all events alike.
    Table("roll_ups", organizer=READS),
    Table(
        "event_imports",
        attendee=May(select=IMPORTED),
        organizer=May(select=IMPORTED, insert=IMPORTED, update=IMPORTED, delete=IMPORTED),
    ),
    Table(
        "event_import_rows",
        attendee=May(select=IMPORTED),
        organizer=May(select=IMPORTED, insert=IMPORTED, update=IMPORTED, delete=IMPORTED),
    ),
)

# Whom it names may be asked for anybody.
may_call("evently_managed_by(uuid)")

may_call("evently_compress_prices(uuid)")
