"""Who reads the audit log, which only triggers write: organizers, about their own events."""

from evently.row_security.tables import LISTED, READS, May, Table, declare

declare(
    Table("audit_log", organizer=May(select=LISTED), worker=READS, superuser=READS),
)
