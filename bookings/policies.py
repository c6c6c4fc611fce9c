"""Who sees and changes which bookings and tickets: who made them, and who organizes the event."""

from evently.database.identity import DatabaseRole
from evently.row_security.tables import (
    MANAGED,
    ME,
    OWN,
    OWN_OR_LISTED,
    READS,
    May,
    Table,
    declare,
    listed,
    may_call,
    view,
)

OWN_OR_MANAGED = f"({OWN} OR {MANAGED})"
# The owner of the booking, and who was handed the ticket.
OWN_TICKET = f"({OWN} OR holder_id = {ME})"
OWN_TRANSFER = f"(user_id = {ME} OR recipient_id = {ME})"
LISTED_TICKET = listed(own=["user_id", "holder_id"])
LISTED_TRANSFER = listed(own=["user_id", "recipient_id"])

declare(
    Table(
        "bookings",
        attendee=May(select=OWN, insert=OWN, update=OWN),
        organizer=May(select=OWN_OR_LISTED, insert=OWN_OR_MANAGED, update=OWN_OR_MANAGED),
    ),
    Table("bookings_archive", attendee=May(select=OWN), organizer=May(select=OWN_OR_LISTED)),
    # Sums of an event, without a person.
    Table(
        "archived_totals",
        organizer=May(select="evently_manages(event_id)"),
        worker=READS,
        superuser=READS,
    ),
    Table(
        "booking_attempts",
        attendee=May(select=OWN, insert=OWN),
        organizer=May(select=OWN_OR_LISTED, insert=OWN_OR_MANAGED),
    ),
    Table(
        "tickets",
        attendee=May(select=OWN_TICKET, insert=OWN, update=OWN_TICKET),
        organizer=May(
            select=LISTED_TICKET,
            insert=OWN_OR_MANAGED,
            update=f"({OWN_TICKET} OR {MANAGED})",
        ),
    ),
    Table(
        "ticket_transfers",
        attendee=May(select=OWN_TRANSFER, insert=OWN, update=OWN_TRANSFER),
        organizer=May(
            select=LISTED_TRANSFER,
            insert=OWN_OR_MANAGED,
            update=f"({OWN_TRANSFER} OR {MANAGED})",
        ),
    ),
    Table(
        "payments",
        attendee=May(select=OWN),
        organizer=May(select=OWN_OR_LISTED, insert=MANAGED),
    ),
    Table(
        "attendance_checks",
        attendee=May(select=OWN, update=OWN),
        organizer=May(
            select=OWN_OR_LISTED,
            insert=MANAGED,
            update=OWN_OR_MANAGED,
        ),
    ),
)

may_call("evently_archive_bookings(uuid)")

# Of events that are not theirs, it says nothing to organizers.
may_call(
    "evently_attendees(uuid)",
    roles=(DatabaseRole.ORGANIZER, DatabaseRole.WORKER, DatabaseRole.SUPERUSER),
)

view(
    "bookings_with_archived",
    roles=[role for role in DatabaseRole if role is not DatabaseRole.VISITOR],
)
