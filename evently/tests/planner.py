"""A planner with wrong statistics: tables count as empty, while they hold ten thousand rows.

This happens after a bulk load, or when the rows of an ANALYZE were rolled back; the plans are then
nested loops that compare every row with every other.
"""

from collections.abc import Iterator

import pytest

from evently.tests.database import as_owner

WRONG_STATISTICS = """
    SELECT pg_restore_relation_stats('schemaname', 'public', 'relname', relname::text,
        'relpages', 500, 'reltuples', 0::real)
    FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
"""


@pytest.fixture
def misled_planner(django_db_setup: None) -> Iterator[None]:
    """Make the planner assume that every table is empty, until the end of the test.

    Statistics can be set from PostgreSQL 18 on; older versions are left unchanged.
    """
    with as_owner() as owner:
        if owner.info.server_version >= 180000:
            owner.execute(WRONG_STATISTICS)
    yield
    with as_owner() as owner:
        owner.execute("ANALYZE")
