"""Answers to repeated requests are those of the user who made the request."""

from evently.row_security.tables import OWN, May, Table, declare

OWNED = May(select=OWN, insert=OWN, update=OWN, delete=OWN)

declare(Table("idempotency_keys", attendee=OWNED, organizer=OWNED))
