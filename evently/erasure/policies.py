"""Who reads erasures: superusers; anybody the receipt whose link they have."""

from evently.database.identity import DatabaseRole
from evently.row_security.tables import NO_ROWS, Table, declare, may_call

declare(Table("erasures", organizer=NO_ROWS), Table("erasure_register", organizer=NO_ROWS))

# The link has the id, which cannot be guessed.
may_call("evently_erasure_receipt(uuid)", roles=DatabaseRole)
