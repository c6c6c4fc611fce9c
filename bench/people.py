"""Users and events for the measurements; Django must be set up."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.test import Client

from evently.accounts.models import Role, User
from evently.accounts.operations import issue_token
from events.models import Event
from events.operations import create_event, publish_event

PRICE = "20.00"
SEALED = "sealed:v1:" + "x" * 40
THEMES = ("jazz", "pottery", "sourdough", "astronomy", "chess", "tango", "poetry", "photography")
KINDS = ("concert", "workshop", "evening", "festival", "lecture", "reading", "course")
PLACES = ("Old Mill, Ghent", "Town Hall, Bath", "Blue Note, Graz", "Rex Cinema, Dublin")

EVENTS = """
    INSERT INTO events (name, venue, description, event_date, total_capacity, base_price,
        current_price, created_by_id, published_at)
    SELECT themes[n %% 8 + 1] || ' ' || kinds[n %% 7 + 1] || ' ' || n, places[n %% 4 + 1],
        'An event about ' || themes[n %% 8 + 1] || ' with ' || themes[n %% 5 + 1] || '.',
        now() + interval '30 days' + n * interval '1 hour', %(seats)s, %(price)s, %(price)s,
        %(organizer)s, now()
    FROM generate_series(1, %(count)s) n, (VALUES (%(themes)s::text[], %(kinds)s::text[],
        %(places)s::text[])) AS words (themes, kinds, places)
    RETURNING id
"""


@dataclass(frozen=True)
class Person:
    """A user with an API token. cookie: of a session, "" for those who only use the API."""

    id: UUID
    token: str
    cookie: str = ""


def create_users(count: int, *, prefix: str) -> list[User]:
    """Create users with confirmed addresses; emails to others are limited in number."""
    return [
        User.objects.create_user(
            email=f"{prefix}{number}@example.org",
            name=f"Person {number}",
            email_verified_at=datetime.now(UTC),
        )
        for number in range(count)
    ]


def create_people(count: int, *, prefix: str, logged_in: bool = False) -> list[Person]:
    """Create people. logged_in: with sessions, for pages."""
    users = create_users(count, prefix=prefix)
    return [
        Person(user.pk, token, _log_in(user) if logged_in else "")
        for user, token in zip(users, tokens(users), strict=True)
    ]


def _log_in(user: User) -> str:
    client = Client()
    client.force_login(user)
    return f"sessionid={client.cookies['sessionid'].value}"


def tokens(users: list[User]) -> list[str]:
    """Return an API token for each user."""
    return [
        issue_token(user_id=user.pk, name="bench", scopes=["read", "book"]).secret for user in users
    ]


def organizer() -> User:
    return User.objects.filter(role=Role.ADMIN).first() or User.objects.create_user(
        email="organizer@example.org", name="Organizer", role=Role.ADMIN
    )


def create_organizer() -> Person:
    """Return the organizer of all events, with a token that may change them."""
    user = organizer()
    token = issue_token(user_id=user.pk, name="bench", scopes=["read", "organize"])
    return Person(user.pk, token.secret)


def event_on_sale(*, seats: int, price: str = "0.00") -> Event:
    """Create a published event; price: per seat."""
    event = create_event(
        by_id=organizer().pk,
        name="Benchmark",
        venue="Concert hall",
        event_date=datetime.now(UTC) + timedelta(days=30),
        total_capacity=seats,
        base_price=Decimal(price),
    )
    return publish_event(event_id=event.pk)


# ── Many at once, by plain SQL ──────────────────────────────────────────────
def events_on_sale(database: Any, count: int, *, seats: int) -> list[UUID]:
    """Insert published events with a price, and with words to search for. database: the owner's."""
    values = {
        "themes": list(THEMES),
        "kinds": list(KINDS),
        "places": list(PLACES),
        "seats": seats,
        "price": Decimal(PRICE),
        "organizer": organizer().pk,
        "count": count,
    }
    return [row[0] for row in database.execute(EVENTS, values).fetchall()]


def book_by_sql(database: Any, pairs: Sequence[tuple[UUID, UUID]]) -> list[UUID]:
    """Insert a booking of one seat for each pair of event and user, without an email."""
    return _call(database, "SELECT bench.book_bare(event, person)", pairs)


def add_people_by_sql(database: Any, count: int) -> list[UUID]:
    """Insert users that no email reaches; return their ids."""
    rows = database.execute(
        "INSERT INTO users (email, name) SELECT %s, %s FROM generate_series(1, %s) RETURNING id",
        [SEALED, SEALED, count],
    ).fetchall()
    return [row[0] for row in rows]


def join_by_sql(database: Any, pairs: Sequence[tuple[UUID, UUID]]) -> list[UUID]:
    """Insert a confirmed waitlist entry for each pair of event and user, without an email."""
    return _call(
        database,
        "INSERT INTO waitlists (event_id, user_id, quantity, min_quantity, confirmed_at)"
        " SELECT event, person, 1, 1, evently_clock()",
        pairs,
        ending="RETURNING id",
    )


def _call(
    database: Any, selection: str, pairs: Sequence[tuple[UUID, UUID]], *, ending: str = ""
) -> list[UUID]:
    events, people = [event for event, _ in pairs], [person for _, person in pairs]
    rows = database.execute(
        f"{selection} FROM unnest(%s::uuid[], %s::uuid[]) AS pair (event, person) {ending}",
        [events, people],
    ).fetchall()
    return [row[0] for row in rows]
