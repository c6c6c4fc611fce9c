"""Questions to the database about what is due."""

from typing import Any

from django.db import connection


def ask(statement: str, *parameters: Any) -> list[Any]:
    """Return the first column of a query's rows."""
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return [row[0] for row in cursor.fetchall()]
