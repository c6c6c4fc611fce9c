"""Who sees and changes places on waitlists; the record of a line is public."""

from evently.database.identity import DatabaseRole
from evently.row_security.tables import (
    MANAGED,
    OWN,
    OWN_OR_LISTED,
    READS,
    May,
    Table,
    declare,
    may_call,
)

OWN_OR_MANAGED = f"({OWN} OR {MANAGED})"

declare(
    Table(
        "waitlists",
        attendee=May(select=OWN, insert=OWN, update=OWN),
        organizer=May(select=OWN_OR_LISTED, insert=OWN, update=OWN_OR_MANAGED),
    ),
    Table("waitlists_archive", attendee=May(select=OWN), organizer=May(select=OWN_OR_LISTED)),
    Table(
        "waitlist_promotions",
        attendee=May(select=OWN, update=OWN),
        organizer=May(select=OWN_OR_LISTED, insert=MANAGED, update=OWN_OR_MANAGED),
    ),
    # Written by triggers; they name no person.
    Table("lines", visitor=READS, attendee=READS, organizer=READS, worker=READS, superuser=READS),
    Table(
        "line_events", visitor=READS, attendee=READS, organizer=READS, worker=READS, superuser=READS
    ),
    Table(
        "draws",
        visitor=READS,
        attendee=READS,
        organizer=May(select="true", insert=MANAGED, update=MANAGED),
    ),
)

# Of whomever it is asked to forget, if they are being erased.
may_call("evently_forget_in_trail(uuid)", roles=(DatabaseRole.WORKER, DatabaseRole.SUPERUSER))

may_call("evently_archive_waitlist(uuid)")
