"""Under which of the database's roles, and as whom, statements run: row-level security.

The application's login takes a role and a person for each statement outside of a transaction, or
once for each transaction (`evently.database.postgresql`); the policies of `evently.row_security`
say which rows that role may see and change for that person. Web processes act for visitors until
a request is known to be somebody's (`evently.accounts.middleware`); workers and commands act as the
worker. `as_worker` marks what a request does that its user could not: each use says why.
"""

from collections.abc import Callable, Iterator
from contextlib import ContextDecorator, contextmanager
from contextvars import ContextVar, Token
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from uuid import UUID

from evently.database.replicas import reads_from_primary


class DatabaseRole(StrEnum):
    """The database's roles, by their names. They are the same in all databases of a server."""

    VISITOR = "evently_visitor"
    ATTENDEE = "evently_attendee"
    ORGANIZER = "evently_organizer"
    WORKER = "evently_worker"
    SUPERUSER = "evently_superuser"


# What policies compare columns with, as settings `evently.…`.
SETTINGS = ("user_id", "manages")


@dataclass(frozen=True)
class Identity:
    """A role, and the person it is taken for.

    manages: the events of others that an organizer was made a manager of.
    """

    role: DatabaseRole
    user_id: UUID | None = None
    manages: tuple[UUID, ...] = ()

    @cached_property
    def values(self) -> tuple[str, str, str]:
        """Return the values of the role and of `SETTINGS`."""
        manages = "{" + ",".join(map(str, self.manages)) + "}" if self.manages else ""
        return (self.role.value, str(self.user_id or ""), manages)

    @cached_property
    def statements(self) -> tuple[str, ...]:
        """Return the statements that take the identity until the end of the transaction.

        SET LOCAL, which other nodes of a cluster are told, unlike set_config().
        """
        role, *values = self.values
        return (
            f"SET LOCAL ROLE {role}",
            *(
                f"SET LOCAL evently.{name} = '{value}'"
                for name, value in zip(SETTINGS, values, strict=True)
            ),
        )

    @cached_property
    def prefix(self) -> bytes:
        """Return the statements as the beginning of a message."""
        return "".join(f"{statement};" for statement in self.statements).encode()

    def __hash__(self) -> int:
        return hash((self.role, self.user_id))


# As a statement that can be prepared; its parameters are `Identity.values`.
TAKE = (
    "SELECT set_config('role', %s, true), set_config('evently.user_id', %s, true),"
    " set_config('evently.manages', %s, true)"
)

WORKER = Identity(DatabaseRole.WORKER)
VISITOR = Identity(DatabaseRole.VISITOR)


def attendee(user_id: UUID) -> Identity:
    """Return the identity of a user who acts for themselves, whatever else they may do."""
    return Identity(DatabaseRole.ATTENDEE, user_id)


# What has no identity of its own: tasks and commands. Web processes change it as they load.
_of_process = WORKER


class Deferred:
    """An identity that is found out when a statement needs it, and may change once.

    find: returns it; called once. What it reads must say as whom (`as_worker`).
    """

    def __init__(self, find: Callable[[], Identity]) -> None:
        self._find = find
        self._found: Identity | None = None

    def get(self) -> Identity:
        if self._found is None:
            # Should finding it out read something as nobody in particular, that is a visitor.
            self._found = VISITOR
            # A replica may not know yet that they have logged in.
            with reads_from_primary():
                self._found = self._find()
        return self._found

    def become(self, identity: Identity) -> None:
        """Let statements run under another identity from now on: somebody has logged in or out."""
        self._found = identity


_current: ContextVar[Identity | Deferred | None] = ContextVar("evently_identity", default=None)


def current() -> Identity:
    """Return the identity under which the next statement runs."""
    given = _current.get()
    if given is None:
        return _of_process
    return given.get() if isinstance(given, Deferred) else given


def become(identity: Identity) -> None:
    """Let the rest of the request run under an identity; outside of one, nothing changes."""
    given = _current.get()
    if isinstance(given, Deferred):
        given.become(identity)


def set_of_process(identity: Identity) -> None:
    """Set the identity of everything in this process that has none of its own."""
    global _of_process  # noqa: PLW0603 - one of the process
    _of_process = identity


@contextmanager
def acting_as(identity: Identity | Deferred) -> Iterator[None]:
    """Run a block's statements under an identity."""
    token = _current.set(identity)
    try:
        yield
    finally:
        _current.reset(token)


class WorkerScope(ContextDecorator):
    """The block or function of `as_worker`."""

    _token: Token[Identity | Deferred | None]

    def _recreate_cm(self) -> "WorkerScope":
        return WorkerScope()  # for each call of a function: it may call itself

    def __enter__(self) -> None:
        self._token = _current.set(WORKER)

    def __exit__(self, *error: object) -> None:
        _current.reset(self._token)


def as_worker() -> WorkerScope:
    """Run a block, or as `@as_worker()` a function, as the worker, who sees and writes all rows.

    For what a user sets off and could not do: promoting who waits, finding an account to log in
    to. Each use has looked at what the user may before, or returns only what anybody may know.
    """
    return WorkerScope()
