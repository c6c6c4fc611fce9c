"""Reads of the audit log."""

from django.db import connection


def audited_tables() -> list[str]:
    """Return the names of the tables with audit triggers."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT c.relname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid"
            " WHERE t.tgname LIKE 'trg\\_audit\\_%%' ORDER BY 1"
        )
        return [name for (name,) in cursor.fetchall()]
