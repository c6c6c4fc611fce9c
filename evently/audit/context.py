"""The actor of changes and the interface they use, passed to the database for the audit log."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar, Token
from dataclasses import dataclass, replace
from typing import Any, Literal

from django.db.backends.base.base import BaseDatabaseWrapper

Via = Literal["page", "api", "admin", "task", "shell", "sql"]

_LONGEST = 200
_UNSAFE = re.compile(r"[^A-Za-z0-9_.:@ -]")


@dataclass(frozen=True)
class Context:
    """Who makes changes, through which interface, in which request.

    actor: a user's id, or a function that returns it when it is needed. An empty actor is recorded
    as the database role of the connection.
    """

    actor: str | Callable[[], str] = ""
    via: Via = "shell"
    request_id: str = ""


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


def stamp_sql() -> str:
    """Return SQL that passes the context to the current transaction, in one round trip.

    SET LOCAL, since neither set_config() nor a session's SET is propagated to other nodes.
    """
    context = _context.get()
    actor = context.actor() if callable(context.actor) else context.actor
    return (
        f"SET LOCAL evently.actor = {_quoted(actor)}; "
        f"SET LOCAL evently.via = {_quoted(context.via)}; "
        f"SET LOCAL evently.request_id = {_quoted(context.request_id)}"
    )


def stamp(connection: BaseDatabaseWrapper) -> None:
    """Pass the context to the connection's current transaction, in one round trip."""
    statement = stamp_sql()
    with connection.cursor() as cursor:
        cursor.execute(statement)


def _quoted(value: object) -> str:
    """Return a string literal; characters not found in ids and role names are removed."""
    return f"'{_UNSAFE.sub('', str(value))[:_LONGEST]}'"
