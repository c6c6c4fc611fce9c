"""How many rows an operation leaves behind, by table: a bare call must leave the same."""

from collections.abc import Mapping

from bench.stage.servers import Servers

TABLES = """
    SELECT relname FROM pg_class
    WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition
    ORDER BY relname
"""


def count_rows(servers: Servers) -> dict[str, int]:
    """Return the number of rows of each table."""
    tables = [name for (name,) in servers.database.execute(TABLES).fetchall()]
    counts = " UNION ALL ".join(f"SELECT '{name}', count(*) FROM \"{name}\"" for name in tables)
    return dict(servers.database.execute(counts).fetchall())


def added(before: Mapping[str, int], after: Mapping[str, int]) -> dict[str, int]:
    """Return how many rows each table has gained; those that gained none are left out."""
    return {
        name: count - before.get(name, 0)
        for name, count in after.items()
        if count != before.get(name, 0)
    }
