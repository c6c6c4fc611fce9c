"""What is done in each database, large or small: the database's CPU time is measured.

Django must be set up, with the database to visit.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from uuid import UUID

from django.contrib import admin
from django.db import connection
from django.test import Client, RequestFactory
from django.urls import reverse

from bookings.models import Booking
from bookings.operations import book_seats
from evently.accounts.models import User
from evently.origin import Origin
from events.models import Event

ORIGIN = Origin(ip_address="127.0.0.1", user_agent="bench")
BOOKINGS = 100
SEARCHES = (
    "jazz",
    "concert",
    "gardens concert",
    "tango workshop bath",
    "photography",
    "xylograph qqq",
    "sourd",
    "soudough",
    "the of and",
    "a",
)
BUSY_EVENTS = """
    SELECT id FROM events WHERE status = 'active' AND published_at IS NOT NULL
        AND event_date > now() + interval '1 day' AND available_seats >= 50
        AND (sales_start_at IS NULL OR sales_start_at <= now())
        AND (sales_end_at IS NULL OR sales_end_at > now()) AND payment_mode <> 'transfer'
    ORDER BY id LIMIT 200
"""

REFERENCES = """
    SELECT booking_reference FROM bookings TABLESAMPLE BERNOULLI (0.5) ORDER BY random() LIMIT 50
"""


class Database:
    """The database as steps see it."""

    def __init__(self) -> None:
        self.chance = random.Random(5)

    @cached_property
    def events(self) -> list[Event]:
        return list(Event.objects.raw(BUSY_EVENTS))

    @cached_property
    def users(self) -> list[UUID]:
        return list(User.objects.order_by("pk").values_list("pk", flat=True)[:5000])

    @cached_property
    def references(self) -> list[str]:
        """References of bookings from all over the table."""
        with connection.cursor() as cursor:
            cursor.execute(REFERENCES)
            return [row[0] for row in cursor.fetchall()]

    @cached_property
    def superuser(self) -> User:
        """Who sees all events, bookings and users in the admin."""
        return User.objects.filter(is_superuser=True).earliest("created_at")

    @cached_property
    def browser(self) -> Client:
        client = Client(SERVER_NAME="localhost")
        client.force_login(self.superuser)
        return client

    def admin_lists(self) -> dict[str, str]:
        """Return the lists of the admin: name to path."""
        request = RequestFactory().get("/admin/")
        request.user = self.superuser
        return {
            f"admin list: {model['name']}": model["admin_url"]
            for app in admin.site.get_app_list(request)
            for model in app["models"]
            if model["admin_url"]
        }

    def get(self, path: str, **query: str) -> None:
        response = self.browser.get(path, query)
        if response.status_code != 200:
            raise ValueError(f"{path}: {response.status_code}")


def book(database: Database) -> None:
    """Book seats of many events for many users, one each."""
    for _ in range(BOOKINGS):
        event = database.chance.choice(database.events)
        book_seats(
            event_id=event.pk,
            user_id=database.chance.choice(database.users),
            quantity=1,
            unit_price=event.current_price,
            origin=ORIGIN,
        )


def search(words: str) -> Callable[[Database], None]:
    return lambda database: database.get("/", search=words)


def dashboard(database: Database) -> None:
    database.get(reverse("admin:index"))


def changelist(path: str) -> Callable[[Database], None]:
    return lambda database: database.get(path)


def by_reference(database: Database) -> None:
    path = reverse(f"admin:{Booking._meta.app_label}_{Booking._meta.model_name}_changelist")
    database.get(path, q=database.chance.choice(database.references))


@dataclass(frozen=True)
class Step:
    """One thing to do. times: how many operations it carries out. most: milliseconds, or 0."""

    name: str
    carry_out: Callable[[Database], None]
    times: int = 1
    most: float = 0


def steps(database: Database) -> dict[str, Step]:
    """Return all steps by name."""
    found = [
        Step("booking", book, times=BOOKINGS),
        *(Step(f"search: {words}", search(words), most=20) for words in SEARCHES),
        Step("admin: dashboard", dashboard, most=300),
        Step("admin: booking by reference", by_reference, most=20),
        *(Step(name, changelist(path), most=100) for name, path in database.admin_lists().items()),
    ]
    return {step.name: step for step in found}
