"""The database's functions as they are installed, and the files that they come from."""

from typing import Any

import psycopg
from django.apps import apps

from evently.database.versioned import function_name, source, versions

# All of Evently's own: in its schemas, and not brought by an extension. `pg_get_functiondef`
# gives source, arguments, result, language, volatility, SECURITY DEFINER and settings.
DEFINITIONS = r"""
    SELECT p.proname, array_agg(ROW(pg_get_functiondef(p.oid), p.proowner, p.proacl)::text
        ORDER BY p.oid)
    FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
    WHERE n.nspname NOT LIKE 'pg\_%' AND n.nspname NOT IN ('information_schema', 'test_seeds')
        AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')
    GROUP BY 1
"""


def definitions(connection: "psycopg.Connection[Any]") -> dict[str, list[str]]:
    """Return the installed functions: name to definitions, with owner and rights."""
    return dict(connection.execute(DEFINITIONS).fetchall())


def files() -> dict[str, tuple[str, str, list[int]]]:
    """Return the functions that have files: name in the database to (app, file name, versions)."""
    found: dict[str, tuple[str, str, list[int]]] = {}
    for config in apps.get_app_configs():
        for name, numbers in versions(config.label).items():
            installed = function_name(source(config.label, name, numbers[0]))
            assert installed not in found, f"{installed} has files in two apps"
            found[installed] = (config.label, name, numbers)
    return found
