"""Who acts, and through what: known here, told to the database, written by its triggers."""

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
    """Who acts. actor: a user's id, or a function that finds it out when it is needed.

    An empty actor is recorded as the database role that the change came in under.
    """

    actor: str | Callable[[], str] = ""
    via: Via = "shell"
    request_id: str = ""


_context: ContextVar[Context] = ContextVar("evently_audit_context", default=Context())  # noqa: B039


def current_context() -> Context:
    """Return who acts right now."""
    return _context.get()


def set_context(**changes: Any) -> Token[Context]:
    """Change who acts from here on; actor, via, request_id. Undo it with `reset_context`."""
    return _context.set(replace(_context.get(), **changes))


def reset_context(token: Token[Context]) -> None:
    """Go back to who acted before `set_context`."""
    _context.reset(token)


@contextmanager
def acting(**changes: Any) -> Iterator[None]:
    """Change who acts for the length of a block; actor, via, request_id."""
    token = set_context(**changes)
    try:
        yield
    finally:
        reset_context(token)


def stamp_sql() -> str:
    """Return one statement that tells the current transaction who acts.

    SET LOCAL, since neither set_config() nor a session's SET would reach other nodes.
    """
    context = _context.get()
    actor = context.actor() if callable(context.actor) else context.actor
    return (
        f"SET LOCAL evently.actor = {_quoted(actor)}; "
        f"SET LOCAL evently.via = {_quoted(context.via)}; "
        f"SET LOCAL evently.request_id = {_quoted(context.request_id)}"
    )


def stamp(connection: BaseDatabaseWrapper) -> None:
    """Tell the connection's transaction who acts, in one round trip."""
    statement = stamp_sql()
    with connection.cursor() as cursor:
        cursor.execute(statement)


def _quoted(value: object) -> str:
    """Return a string literal; what has no place in an id or a role's name is left out."""
    return f"'{_UNSAFE.sub('', str(value))[:_LONGEST]}'"
