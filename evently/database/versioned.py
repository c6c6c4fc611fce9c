"""Database functions in versioned files, one file per version, as fx does it for Rails.

`<app>/sql/<name>_v01.sql` is the whole statement that installs a function; `<name>` is the
function's name without the prefix `evently_`. A migration names the version that it installs and
the one it goes back to:

    operations = [replace_function("waitlists", "ledger_bookings", version=2, previous=1)]

A file that a landed migration names is never edited (docs/changing-the-database.md). The newest
version of a function that was dropped is a file with its DROP FUNCTION.
"""

import re
from pathlib import Path

from django.apps import apps
from django.db.migrations import RunSQL

VERSION = re.compile(r"(?P<name>\w+)_v(?P<version>\d{2})\.sql")
FUNCTION = re.compile(
    r"^\s*(?:CREATE OR REPLACE FUNCTION|DROP FUNCTION(?: IF EXISTS)?)\s+(\w+)", re.MULTILINE
)


def replace_function(
    app_label: str,
    name: str,
    *,
    version: int,
    previous: int | None,
    new_signature: bool = False,
) -> RunSQL:
    """Return the operation that installs a version of a function, and goes back to another.

    previous: None for a new function, which the way back drops. new_signature: drop the other
    version first, as PostgreSQL requires when argument names or the result type change, and as
    it would otherwise keep both when argument types change. Dropping fails while a trigger or an
    index uses the function; without it, owner, grants and triggers stay as they are.
    """
    install = source(app_label, name, version)
    restore = "" if previous is None else source(app_label, name, previous)
    drop = f"DROP FUNCTION {function_name(install)};\n"
    if previous is None:
        return RunSQL(install, drop)
    if new_signature:
        return RunSQL(drop + install, drop + restore)
    return RunSQL(install, restore)


def source(app_label: str, name: str, version: int) -> str:
    """Return the text of a version's file. Raises FileNotFoundError."""
    return (folder(app_label) / f"{name}_v{version:02}.sql").read_text()


def newest_source(app_label: str, name: str) -> str:
    """Return the text of a function's newest version. Raises KeyError."""
    return source(app_label, name, versions(app_label)[name][-1])


def versions(app_label: str) -> dict[str, list[int]]:
    """Return an app's functions, as name to versions in ascending order.

    Raises ValueError for a file whose name does not say its version.
    """
    found: dict[str, list[int]] = {}
    for path in sorted(folder(app_label).glob("*")):
        match = VERSION.fullmatch(path.name)
        if match is None:
            raise ValueError(f"{path.name} is not named <function>_v01.sql or similar.")
        found.setdefault(match["name"], []).append(int(match["version"]))
    return found


def function_name(text: str) -> str:
    """Return the name of the function that a file's text installs or drops."""
    match = FUNCTION.search(text)
    if match is None:
        raise ValueError("The text neither creates nor drops a function.")
    return match[1]


def folder(app_label: str) -> Path:
    """Return where an app keeps the sources of its functions."""
    return Path(apps.get_app_config(app_label).path) / "sql"
