"""The template of test databases: migrated once, copied for each run and each xdist worker.

Its comment contains a digest of its sources. With --reuse-db the template is kept after the run,
and recreated when the digest differs. A test database itself is never used twice, so no run sees
what another has left behind.
"""

import hashlib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import DatabaseError, connections

from evently.database.grants import application_role, grant_to_application
from evently.environment import BASE_DIR
from evently.tests.database import close_sessions, remember_seeds

# What the result of migrations depends on: all folders of these names, and single files.
SOURCE_FOLDERS = ("migrations", "sql", "database", "shipped", "analysts", "row_security")
SOURCE_FILES = (
    "evently/audit/migration.py",
    "evently/audit/signing.py",
    "evently/lifecycle/migration.py",
    "evently/privacy/sealing.py",
    "evently/tests/database.py",
    "events/local_days.py",
    "notifications/emails/templates.py",
    "notifications/emails/variables.py",
    "notifications/letters/templates.py",
    "notifications/letters/variables.py",
    "notifications/migration.py",
    "notifications/models.py",
    "requirements.lock",
)

NAME = f"test_{settings.DATABASES['owner']['NAME']}_template"
COMMENT = """
    SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = %s
"""


def sources() -> Iterator[Path]:
    """Return the files that a template is made from."""
    for folder in sorted(BASE_DIR.glob("[!.]*/")):
        for path in sorted(folder.rglob("*")):
            belongs = path.parent.name in SOURCE_FOLDERS or path.name == "policies.py"
            if belongs and path.suffix != ".pyc" and path.is_file():
                yield path
    yield from (BASE_DIR / name for name in SOURCE_FILES)


def digest() -> str:
    """Return a digest of what a template is made from."""
    found = hashlib.sha256(application_role().encode())
    found.update(settings.SECRET_KEY.encode())
    for path in sources():
        found.update(str(path.relative_to(BASE_DIR)).encode())
        if path.exists():
            found.update(hashlib.sha256(path.read_bytes()).digest())
    return found.hexdigest()


def make_test_database(*, verbosity: int, anew: bool = False) -> str:
    """Copy the template into a test database, connect both aliases to it, and return its name.

    The template is created if it is missing or outdated; anew: in any case.
    """
    owner = connections["owner"]
    name = owner.creation._get_test_db_name()
    quote, wanted = owner.ops.quote_name, digest()
    with owner._nodb_cursor() as cursor:
        # One worker creates it while the others wait.
        cursor.execute("SELECT pg_advisory_lock(hashtext(%s))", [NAME])
        cursor.execute(COMMENT, [NAME])
        if anew or cursor.fetchone() != (wanted,):
            _make(verbosity=verbosity)
            cursor.execute(f"COMMENT ON DATABASE {quote(NAME)} IS '{wanted}'")
        cursor.execute(f"DROP DATABASE IF EXISTS {quote(name)}")
        cursor.execute(f"CREATE DATABASE {quote(name)} TEMPLATE {quote(NAME)}")
    _connect_to(name)
    # Rights on the database itself are not copied.
    grant_to_application("owner")
    return name


def _make(*, verbosity: int) -> None:
    """Run all migrations as the owner, and remember the rows that they insert."""
    owner = connections["owner"]
    test_settings = owner.settings_dict["TEST"]
    kept = test_settings["NAME"]
    test_settings["NAME"] = NAME
    try:
        owner.creation.create_test_db(verbosity=verbosity, autoclobber=True, serialize=False)
    finally:
        test_settings["NAME"] = kept
    remember_seeds()
    owner.close()


def _connect_to(name: str) -> None:
    for alias in ("default", "owner"):
        connections[alias].close()
        settings.DATABASES[alias]["NAME"] = connections[alias].settings_dict["NAME"] = name
    # As a mirror in tests, Django would open no transaction on "default", and what a test writes
    # would stay.
    connections["default"].settings_dict["TEST"]["MIRROR"] = None


def drop(name: str) -> None:
    """Drop a test database or the template, where no forgotten connection keeps it busy."""
    connections.close_all()
    close_sessions()
    owner: Any = connections["owner"]
    with suppress(DatabaseError), owner._nodb_cursor() as cursor:
        cursor.execute(f"DROP DATABASE IF EXISTS {owner.ops.quote_name(name)}")
