"""A planner led astray: statistics that say tables are empty, while they hold ten thousand rows.

So it is after a bulk load, or when what was counted was rolled back; the plans made then compare
each row with each.
"""

from collections.abc import Iterator

import pytest

from evently.tests.database import as_owner

LED_ASTRAY = """
    SELECT pg_restore_relation_stats('schemaname', 'public', 'relname', relname::text,
        'relpages', 500, 'reltuples', 0::real)
    FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
"""


@pytest.fixture
def misled_planner(django_db_setup: None) -> Iterator[None]:
    """Let the planner take every table for empty, until it is counted again.

    Only PostgreSQL 18 lets itself be told so; before it, the planner is left alone.
    """
    with as_owner() as owner:
        if owner.info.server_version >= 180000:
            owner.execute(LED_ASTRAY)
    yield
    with as_owner() as owner:
        owner.execute("ANALYZE")
