"""A temporary database for a benchmark, on the server of the configured one.

`with throwaway_database() as environment:` creates it as the owner, runs the migrations, and yields
the environment for processes that use it, under the application's two roles.
"""

import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
from psycopg import sql

ROOT = Path(__file__).resolve().parent.parent
# No broker listens there, so enqueued tasks are lost; periodic tasks would make up for them.
NO_BROKER = "redis://127.0.0.1:1/0"
NO_SERVER = (
    "{problem} Start script/server, or begin the command with "
    ".venv/bin/python -m evently.embedded --throwaway --, which starts a temporary one."
)


def _url(settings: dict[str, Any], database: str) -> str:
    user, password = quote(settings["USER"]), quote(settings.get("PASSWORD") or "")
    host = settings.get("HOST") or "127.0.0.1"
    login = f"{user}:{password}" if password else user
    return f"postgres://{login}@{host}:{settings.get('PORT') or 5432}/{database}"


def connected(conninfo: str = "", **parameters: Any) -> "psycopg.Connection[Any]":
    """Return the owner's connection, with autocommit; where no server answers, say so and exit."""
    from evently.waiting import describe

    try:
        return psycopg.connect(conninfo, **parameters, autocommit=True)
    except psycopg.OperationalError as error:
        problem = describe("owner", str(error))
    raise SystemExit(NO_SERVER.format(problem=problem))


@contextmanager
def throwaway_database(*, fast_clock: float = 1.0) -> Iterator[dict[str, str]]:
    """Create a database, yield the environment variables for using it, and drop it.

    fast_clock: the speed of the database's clock; at 60, a minute passes in it every second.
    """
    sys.path.insert(0, str(ROOT))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "evently.settings")
    from django.conf import settings

    name = f"evently_bench_{uuid.uuid4().hex[:10]}"
    owner, app = settings.DATABASES["owner"], settings.DATABASES["default"]
    environment = os.environ | {
        "DATABASE_URL": _url(app, name),
        "DATABASE_OWNER_URL": _url(owner, name),
        "REDIS_URL": NO_BROKER,
        "DEVELOPMENT_ALLOWS": "DATABASE_URL,REDIS_URL",
        "LOG_LEVEL": "CRITICAL",
    }
    with connected(_url(owner, "postgres")) as server:
        server.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        try:
            subprocess.run(
                [sys.executable, "manage.py", "migrate", "--verbosity", "0", "--skip-checks"],
                cwd=ROOT,
                env=environment,
                check=True,
            )
            if fast_clock != 1.0:
                with psycopg.connect(environment["DATABASE_OWNER_URL"]) as database:
                    _set_clock(database, fast_clock)
            yield environment
        finally:
            drop(server, name)


def drop(server: "psycopg.Connection[Any]", name: str) -> None:
    """Drop the database once its last connection is closed.

    Not WITH (FORCE): the owner may not end connections of the application's role, nor autovacuum.
    """
    for attempt in range(6):
        try:
            server.execute(sql.SQL("DROP DATABASE IF EXISTS {}").format(sql.Identifier(name)))
        except psycopg.errors.ObjectInUse:
            if attempt == 5:
                raise
        else:
            return


def _set_clock(database: "psycopg.Connection[Any]", factor: float) -> None:
    """Speed up `evently_clock`; `bench_clock` converts a real time to the sped-up clock."""
    ((start,),) = database.execute("SELECT clock_timestamp()::text").fetchall()
    database.execute(
        "CREATE FUNCTION bench_clock(moment timestamptz) RETURNS timestamptz LANGUAGE sql STABLE"
        f" AS $$ SELECT timestamptz '{start}' + (moment - timestamptz '{start}') * {factor} $$"
    )
    database.execute(
        "CREATE OR REPLACE FUNCTION evently_clock() RETURNS timestamptz"
        " LANGUAGE sql STABLE PARALLEL SAFE AS 'SELECT bench_clock(clock_timestamp())'"
    )
