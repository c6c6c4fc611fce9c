"""Restore dumps into databases of their own, and let Django work in one of them."""

import gzip
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from os import getpid
from pathlib import Path

import psycopg
from django.db import connections
from psycopg import sql

from evently.database.versioned import newest_source
from evently.tests.database import close_sessions
from tests.upgrade.dump import APPLICATION

DUMPS = sorted(Path(__file__).parent.glob("*.sql.gz"))
ALIASES = ("default", "owner")

numbers = count(1)


def connect(name: str) -> psycopg.Connection:
    """Connect to a database of the test server, as the owner of all databases made here."""
    config = connections["owner"].settings_dict
    wanted = {"HOST": "host", "PORT": "port", "USER": "user", "PASSWORD": "password"}
    parameters = {wanted[key]: config[key] for key in wanted if config[key]}
    return psycopg.connect(**parameters, dbname=name, connect_timeout=3, autocommit=True)


@contextmanager
def new_database(*, template: str | None = None) -> Iterator[str]:
    """Make a database, by default an empty one, and drop it afterwards.

    template: a database without connections, which is copied. Its name is this process's own,
    as other processes run tests on the same server.
    """
    name = f"upgrade_{getpid()}_{next(numbers)}"
    with connect("postgres") as server:
        server.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(
                sql.Identifier(name), sql.Identifier(template or "template0")
            )
        )
    try:
        yield name
    finally:
        drop(name)


def drop(name: str) -> None:
    close_sessions()
    with connect("postgres") as server:
        server.execute(sql.SQL("DROP DATABASE IF EXISTS {}").format(sql.Identifier(name)))


def restore(dump: Path, name: str) -> None:
    """Restore a dump into an empty database."""
    application = connections["default"].settings_dict["USER"]
    text = gzip.decompress(dump.read_bytes()).decode().replace(APPLICATION, application)
    with connect(name) as connection:
        connection.execute(text)
    with connect(name) as connection:
        # Its source depends on PostgreSQL's version, which may be older than the dump's.
        connection.execute(newest_source("evently", "uuid7"))


@contextmanager
def django_in(name: str) -> Iterator[None]:
    """Let Django work in another database, under both roles."""
    before = {alias: connections[alias].settings_dict["NAME"] for alias in ALIASES}
    try:
        _use(dict.fromkeys(ALIASES, name))
        yield
    finally:
        _use(before)


def _use(names: dict[str, str]) -> None:
    for alias, name in names.items():
        connections[alias].close()
        connections[alias].settings_dict["NAME"] = name
