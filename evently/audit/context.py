"""The actor of changes and the interface they use, passed to the database for the audit log."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar, Token
from dataclasses import dataclass, replace
from typing import Any, Literal

from django.db.backends.base.base import BaseDatabaseWrapper

from evently.audit.signing import sign
from evently.database.ids import uuid7

Via = Literal["page", "api", "admin", "task", "shell", "sql"]

# The actor of automatic consequences, such as offers for seats that became available.
EVENTLY = "evently"

# What a transaction's changes are attributed to, as settings `evently.…`; the signature is over the
# others, in this order (`audit_signed`).
SETTINGS = (
    "actor",
    "via",
    "request_id",
    "act",
    "cause",
    "price_rule",
    "price_reason",
    "signature",
)

_LONGEST = 200
_UNSAFE = re.compile(r"[^A-Za-z0-9_.:@ -]")
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f]")


@dataclass(frozen=True)
class Context:
    """Who makes changes, through which interface, in which request, as part of which act.

    actor: a user's id, or a function that returns it when it is needed. An empty actor is recorded
    as the database role of the connection. act: a UUID of version 7; without one, each transaction
    is an act of its own. cause: the act of which this one is a consequence. price_rule,
    price_reason: what moves a price, for the price history.
    """

    actor: str | Callable[[], str] = ""
    via: Via = "shell"
    request_id: str = ""
    act: str = ""
    cause: str = ""
    price_rule: str = ""
    price_reason: str = ""


_context: ContextVar[Context] = ContextVar("evently_audit_context", default=Context())  # noqa: B039


def current_context() -> Context:
    return _context.get()


def set_context(**changes: Any) -> Token[Context]:
    """Change the context (actor, via, request_id) until `reset_context` is called."""
    return _context.set(replace(_context.get(), **changes))


def reset_context(token: Token[Context]) -> None:
    """Restore the context from before `set_context`."""
    _context.reset(token)


@contextmanager
def acting(**changes: Any) -> Iterator[None]:
    """Change the context (actor, via, request_id) within a block."""
    token = set_context(**changes)
    try:
        yield
    finally:
        reset_context(token)


@contextmanager
def one_act() -> Iterator[None]:
    """Make the block's transactions one act, unless they are part of one already."""
    with acting(act=_context.get().act or str(uuid7())):
        yield


@contextmanager
def automatically(connection: BaseDatabaseWrapper) -> Iterator[None]:
    """Attribute the block's changes to Evently, as a consequence of the current act.

    Within a stamped transaction; two statements. After an error the transaction is lost anyway.
    """
    with acting(actor=EVENTLY, act=str(uuid7()), cause=_context.get().act):
        stamp(connection)
        yield
    stamp(connection)


def facts(*, process: int) -> list[str]:
    """Return the signed context as the values of `SETTINGS`, as `audit_set_context` takes them.

    process: the process id of the connection's server, see `signing`.
    """
    context = _context.get()
    values = [
        _clean(context.actor() if callable(context.actor) else context.actor),
        context.via,
        _clean(context.request_id),
        _clean(context.act) or str(uuid7()),
        _clean(context.cause),
        _printable(context.price_rule),
        _printable(context.price_reason),
    ]
    return [*values, sign(values, process=process)]


def facts_for(connection: BaseDatabaseWrapper) -> list[str]:
    """Return the signed context for the connection's next statement, a transaction of its own."""
    connection.close_if_health_check_failed()
    connection.ensure_connection()
    return facts(process=connection.connection.info.backend_pid)


def stamp_sql(*, process: int) -> str:
    """Return SQL that passes the signed context to the current transaction, in one round trip.

    process: as of `facts`. SET LOCAL, since neither set_config() nor a session's SET is propagated
    to other nodes.
    """
    return "; ".join(
        f"SET LOCAL evently.{name} = {_literal(value)}"
        for name, value in zip(SETTINGS, facts(process=process), strict=True)
    )


def stamp(connection: BaseDatabaseWrapper, *more: str) -> None:
    """Pass the context to the connection's current transaction, in one round trip.

    more: statements without values that run in the same trip.
    """
    connection.ensure_connection()
    statement = stamp_sql(process=connection.connection.info.backend_pid)
    with connection.cursor() as cursor:
        cursor.execute("; ".join([statement, *more]))


def _clean(value: object) -> str:
    """Return a value without characters that are not found in ids and role names."""
    return _UNSAFE.sub("", str(value))[:_LONGEST]


def _printable(value: str) -> str:
    """Return a text without control characters."""
    return _UNPRINTABLE.sub("", value)[:_LONGEST]


def _literal(value: str) -> str:
    """Return a text as SQL, whatever the server takes a backslash in quotes for."""
    escaped = value.replace("'", "''")
    return "E'" + escaped.replace("\\", "\\\\") + "'" if "\\" in value else f"'{escaped}'"
