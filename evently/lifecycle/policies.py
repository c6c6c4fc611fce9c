"""Who reads the catalogue of cold storage, and who may move rows there: no request does."""

from evently.row_security.tables import NO_ROWS, Table, declare, may_call

declare(Table("cold_files", organizer=NO_ROWS))

may_call(
    "evently_expire(text,integer)",
    "evently_move_to_cold(uuid,uuid[],text[])",
    "evently_restore_from_cold(uuid,jsonb)",
)
