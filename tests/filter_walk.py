"""Who requests which pages in the walk without filters, and what must not come out for them.

All texts of rows are marked (`tests.walked_rows`), so whatever comes out of another person's rows
is recognized, in pages, JSON, CSV and spreadsheets.
"""

import io
import re
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from uuid import UUID, uuid4

from django.apps import apps
from django.conf import settings
from django.db import transaction
from django.test import Client
from django.urls import URLResolver, get_resolver

from evently.accounts import links
from evently.accounts.factories import UserFactory, issued_token
from evently.accounts.models import Role, User
from evently.kept import forget_everything
from evently.links import sign_link
from events.factories import EventFactory
from tests import role_rights, walked_rows
from tests.api_operations import OPERATIONS
from tests.walked_world import EVENTS, HANDED, MANAGED, PEOPLE, UNPUBLISHED, Row, World

# The people who look, and the roles that their requests get.
LOOKING = {"visitor": "evently_visitor", "X": "evently_attendee", "A": "evently_organizer"}
# Which rows the arguments of URLs name; `row_id` and `token` do so by the first part of the path.
ROWS = {
    "event_id": "events",
    "booking_id": "bookings",
    "ticket_id": "tickets",
    "transfer_id": "ticket_transfers",
    "entry_id": "waitlists",
    "promotion_id": "waitlist_promotions",
    "notification_id": "notifications",
    "token_id": "api_tokens",
    "bookings/row_id": "bookings",
    "waitlists/row_id": "waitlists",
    "promotions/row_id": "waitlist_promotions",
    "b/token": "bookings",
    "t/token": "tickets",
    "h/token": "ticket_transfers",
    "w/token": "waitlists",
    "p/token": "waitlist_promotions",
    "account/token": "users",
}
PURPOSES = {"b": "booking", "t": "ticket", "h": "transfer", "w": "entry", "p": "promotion"}
OF_ACCOUNTS = {
    "password": links.password_reset_token,
    "verify": links.verification_token,
    "enter": links.login_token,
    "delete": links.deletion_token,
    "keep": lambda user: "no-deletion-is-pending",
    "email": lambda user: "no-change-is-pending",
}
UUID_LENGTH = 36
ARGUMENT = re.compile(r"<(?:(\w+):)?(\w+)>")


def make_world() -> World:
    """Fill all tables; people and events are real ones."""
    world = World()
    for person in PEOPLE:
        name, address = uuid4().hex[:20], uuid4().hex[:20]
        is_organizer = person in ("A", "B", "S")
        user = UserFactory(
            name=name,
            email=f"{address}@example.org",
            role=Role.ADMIN if is_organizer else Role.USER,
            is_superuser=person == "S",
        )
        world.people[person] = user.pk
        # Organizers' names are public.
        marks = (address,) if is_organizer else (name, address)
        people = frozenset({person})
        world.rows["users"].append(Row(str(user.pk), people, None, person, None, marks))
    for event, organizer in EVENTS.items():
        name = uuid4().hex[:20]
        given = {"published_at": None} if event in UNPUBLISHED else {}
        made = EventFactory(name=name, created_by_id=world.people[organizer], **given)
        world.events[event] = made.pk
        people = frozenset({organizer})
        world.rows["events"].append(Row(str(made.pk), people, event, organizer, None, (name,)))
    with walked_rows.filled(world):
        return world


@dataclass(frozen=True)
class Request:
    """A request; `name`: the path with its arguments' names.

    is_own: whether they name rows of who sends it. holder: whose link it is, where it is one, and
    `linked` the table of the row that the link names.
    """

    name: str
    method: str
    url: str
    is_own: bool
    is_api: bool = False
    holder: str | None = None
    linked: str | None = None


@cache
def pages() -> list[str]:
    """Return the paths of all pages, those of the admin too, with their arguments."""
    return [
        path
        for path in _paths(get_resolver().url_patterns)
        if not path.startswith("api/") and "$" not in path and "^" not in path
    ]


def _paths(entries: Any, path: str = "") -> Iterator[str]:
    for entry in entries:
        full = path + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from _paths(entry.url_patterns, full)
        else:
            yield full


@cache
def operations() -> list[tuple[str, str]]:
    """Return method and path of all operations of the API, written as those of pages."""
    return [
        (method, re.sub(r"\{(\w+)\}", r"<uuid:\1>", path.lstrip("/")))
        for method, path, _ in OPERATIONS
    ]


@dataclass(eq=False)
class Looker:
    """Who requests pages, logged in or not."""

    world: World
    who: str
    client: Client = field(init=False)
    session: str | None = None
    bearer: dict[str, str] = field(default_factory=dict)
    _secrets: dict[Any, dict[str, str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.client = Client(raise_request_exception=False)
        if self.who == "visitor":
            return
        user = User.objects.with_keys().get(pk=self.person)
        self.client.force_login(user)
        self.session = self.client.cookies[settings.SESSION_COOKIE_NAME].value
        scopes = ("read", "book", *(["organize"] if user.is_organizer else []))
        self.bearer = {"HTTP_AUTHORIZATION": f"Bearer {issued_token(user, *scopes).secret}"}

    @property
    def person(self) -> UUID | None:
        return self.world.people.get(self.who)

    def requests(self, method: str) -> Iterator[Request]:
        """Yield requests of all pages and operations: GETs for others' rows, too.

        POST: or another method that writes.
        """
        for path in pages():
            yield from self._requests(path, method, is_api=False)
        for own_method, path in operations():
            if own_method == method or (method == "POST" and own_method != "GET"):
                yield from self._requests(path, own_method, is_api=True)

    def _requests(self, path: str, method: str, *, is_api: bool) -> Iterator[Request]:
        yield self._request(path, method, is_own=True, is_api=is_api)
        if "<" in path and method == "GET":
            yield self._request(path, method, is_own=False, is_api=is_api)

    def _request(self, path: str, method: str, *, is_own: bool, is_api: bool) -> Request:
        url, holder, linked = path, None, None
        for match in ARGUMENT.finditer(path):
            kind, argument = match.groups()
            value = str(uuid4()) if kind == "uuid" else "1"
            table = _table_of(path, argument)
            if table is not None and self.world.rows[table]:
                row = self._row(table, is_own=is_own)
                value = row.key
                if argument == "token":
                    value, holder, linked = self._link(path, row), row.booker, table
            url = url.replace(match[0], value)
        return Request(path, method, "/" + url, is_own, is_api, holder, linked)

    def _row(self, table: str, *, is_own: bool) -> Row:
        """Return a row of their own, or of others; a visitor has the links of X."""
        owner = "X" if self.who == "visitor" else self.who
        mine = MANAGED.get(owner, ())
        rows = self.world.rows[table]
        own = (owner in row.people or row.event in mine for row in rows)
        return next(
            (row for row, is_theirs in zip(rows, own, strict=True) if is_theirs == is_own), rows[0]
        )

    def _link(self, path: str, row: Row) -> str:
        part, *rest = path.split("/")
        if part == "account":
            return str(OF_ACCOUNTS[rest[0]](User.objects.with_keys().get(pk=row.key)))
        event_id = self.world.events[row.event]
        return sign_link(purpose=PURPOSES[part], row_id=UUID(row.key), event_id=event_id)

    def send(self, request: Request) -> Any:
        """Send a request that knows nothing of earlier ones but who is logged in."""
        forget_everything()
        self.client.cookies.clear()
        if self.session:
            self.client.cookies[settings.SESSION_COOKIE_NAME] = self.session
        headers = self.bearer if request.is_api else {}
        return self.client.generic(request.method, request.url, **headers)

    def secrets(self, holder: str | None, excepted: Mapping[str, str]) -> dict[str, str]:
        """Return the marks of rows that they may not see, with the tables.

        holder: whose link they opened, whose rows it shows. excepted: {table: scope} that a page
        shows besides. Ids of people and events say nothing.
        """
        key = (holder, *excepted.items())
        if key not in self._secrets:
            self._secrets[key] = {
                mark: table
                for table, rows in self.world.rows.items()
                for row in rows
                if not self._sees(table, row, holder, excepted.get(table))
                for mark in self._marks(table, row)
            }
        return self._secrets[key]

    def _marks(self, table: str, row: Row) -> list[str]:
        # Who was handed a ticket has it with the id of the booking that it was of.
        is_known = table == "bookings" and (row.booker, row.event, self.who) in HANDED
        if len(row.key) != UUID_LENGTH or table in ("events", "users") or is_known:
            return list(row.marks)
        return [*row.marks, row.key]

    def _sees(self, table: str, row: Row, holder: str | None, excepted: str | None) -> bool:
        world, role = self.world, LOOKING[self.who]
        return (
            role_rights.allows(table, role, "select", row, self.who, world)
            or bool(
                holder and role_rights.allows(table, LOOKING["X"], "select", row, holder, world)
            )
            or bool(excepted and role_rights.is_in(excepted, row, self.who, world))
        )

    def leaks(self, request: Request, response: Any, excepted: Mapping[str, str]) -> set[str]:
        """Return the tables of whose hidden rows something came out."""
        body = body_of(response)
        marks = self.secrets(request.holder, excepted).items()
        return {table for mark, table in marks if mark in body and mark not in request.url}


def _table_of(path: str, argument: str) -> str | None:
    """Return the table whose row an argument of a URL names."""
    part, *rest = path.split("/")
    if part == "admin" and argument == "object_id":
        return "events" if rest[0] == "r" else apps.get_model(rest[0], rest[1])._meta.db_table
    return ROWS.get(argument) or ROWS.get(f"{part}/{argument}")


def body_of(response: Any) -> str:
    """Return headers and contents of a response, a spreadsheet's too."""
    content = b"".join(response.streaming_content) if response.streaming else response.content
    if content.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            content = b"".join(archive.read(name) for name in archive.namelist())
    return "\n".join([*map(str, response.items()), content.decode(errors="replace")])


@contextmanager
def undone() -> Iterator[None]:
    """Undo what the requests of a block write; each may have transactions of its own."""
    outer: Any = transaction.atomic()
    outer._from_testcase = True
    with outer:
        yield
        transaction.set_rollback(True)
