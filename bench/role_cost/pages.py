"""The pages of a large installation (`bench.large`), and who opens them.

Django must be set up.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.contrib import admin
from django.db import connection
from django.test import Client, RequestFactory
from django.urls import reverse

from bookings.models import Booking, BookingAttempt
from evently.accounts.models import Role, Scope, User
from evently.accounts.operations import issue_token
from evently.admin.tabs import event_pages
from evently.database.identity import as_worker
from evently.kept import forget_everything
from events.models import Event, EventStaff
from notifications.models import EmailDelivery, Notification
from waitlists.models import Promotion, WaitlistEntry

# Event 0 has the most bookings, and entries wait for event 11; user 1 organizes both.
BUSIEST, WAITED_FOR, ORGANIZER, ATTENDEE, MANAGER, SUPERUSER = 0, 11, 1, 0, 150, 199
# The events that the manager was made one of.
MANAGED = 50
STAFF = """
    INSERT INTO event_staff (event_id, organizer_id, user_id, role)
    SELECT id, created_by_id, %s, 'manager' FROM (
        SELECT id, created_by_id FROM events ORDER BY id LIMIT %s) first
    ON CONFLICT DO NOTHING
"""
SEARCHES = ("jazz", "gardens concert", "tango workshop bath", "soudough", "xylograph qqq", "a")


@dataclass(frozen=True)
class Page:
    """A page or an operation of the API. method: GET, unless it only looks at what is sent."""

    name: str
    url: str
    is_api: bool = False


@dataclass
class Looker:
    """Who opens pages."""

    user: User | None
    client: Client = field(init=False)
    headers: dict[str, str] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self.client = Client(SERVER_NAME="localhost", raise_request_exception=True)
        if self.user is None:
            return
        with as_worker():
            self.client.force_login(self.user)
            scopes = [Scope.READ, *([Scope.ORGANIZE] if self.user.is_organizer else [])]
            token = issue_token(user_id=self.user.pk, name="bench", scopes=scopes)
        self.headers = {"HTTP_AUTHORIZATION": f"Bearer {token.secret}"}

    def open(self, page: Page) -> int:
        """Open a page as a process does that has nothing in memory; return the status."""
        forget_everything()
        response: Any = self.client.get(page.url, **(self.headers if page.is_api else {}))
        if response.streaming:
            for _ in response.streaming_content:
                pass
        return int(response.status_code)


class World:
    """The people and events of the database."""

    def __init__(self) -> None:
        with as_worker():
            events = list(Event.objects.order_by("id")[: WAITED_FOR + 1])
            people = list(User.objects.order_by("id")[: SUPERUSER + 1])
        self.busiest, self.waited_for = events[BUSIEST], events[WAITED_FOR]
        self.organizer, self.attendee = people[ORGANIZER], people[ATTENDEE]
        self.manager, self.superuser = people[MANAGER], people[SUPERUSER]

    def prepare(self, owner: Any) -> None:
        """Let the user with the most bookings be an attendee. owner: a connection of the owner."""
        owner.execute(
            "UPDATE users SET is_superuser = (id = %s), role = CASE WHEN id = %s THEN %s"
            " ELSE role END WHERE id IN (%s, %s)",
            [
                self.superuser.pk,
                self.attendee.pk,
                Role.USER,
                self.superuser.pk,
                self.attendee.pk,
            ],
        )
        owner.execute(STAFF, [self.manager.pk, MANAGED])
        owner.execute("ANALYZE users; ANALYZE event_staff")
        for user in (self.organizer, self.attendee, self.manager, self.superuser):
            with as_worker():
                user.refresh_from_db()


@as_worker()
def lookers(world: World) -> dict[str, tuple[Looker, list[Page]]]:
    """Return who opens which pages."""
    own = list(own_pages(world.attendee))
    public = list(public_pages(world))
    return {
        "visitor": (Looker(None), public),
        "attendee": (Looker(world.attendee), [*own, *public[:6]]),
        "organizer": (Looker(world.organizer), list(organizer_pages(world, world.organizer))),
        "manager": (Looker(world.manager), list(organizer_pages(world, world.manager))),
        "superuser": (Looker(world.superuser), list(superuser_pages(world))),
    }


def public_pages(world: World) -> Iterator[Page]:
    event = world.busiest.pk
    yield Page("home", "/")
    yield Page("event", reverse("event_detail", args=[event]))
    yield Page("checkout", reverse("book", args=[event]))
    yield Page("event with a waitlist", reverse("event_detail", args=[world.waited_for.pk]))
    yield Page("join", reverse("join_waitlist", args=[world.waited_for.pk]))
    yield Page("search: jazz", "/?search=jazz")
    for words in SEARCHES[1:]:
        yield Page(f"search: {words}", f"/?search={words}")
    yield Page("weekend", "/?when=weekend")
    yield Page("search, weekend", "/?search=jazz&when=weekend")
    yield Page("record of a waitlist", reverse("line_record", args=[world.waited_for.pk]))
    yield Page("sitemap", "/sitemap.xml")
    yield Page("sitemap of events", "/sitemap-events.xml")
    for name, query in {
        "events": "",
        "events, search": "?search=jazz",
        "events, prices": "?min_price=20&max_price=30",
        "events, prices that none has": "?min_price=990",
        "events, by price": "?ordering=-price",
        "events, by name": "?ordering=name",
        "events, venue": "?venue=old+mill",
        "events, dates": "?date_from=2027-01-01&date_to=2027-01-07",
        "events, available": "?available=true",
        "events, search by price": "?search=jazz&ordering=price&max_price=30",
    }.items():
        yield Page(f"API: {name}", f"/api/v1/events/{query}", is_api=True)
    yield Page("API: price history", f"/api/v1/events/{_priced()}/price-history/", is_api=True)


def _priced() -> UUID:
    """Return the published event with the most price changes."""
    with as_worker(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT event_id FROM pricing_history JOIN events e ON e.id = event_id"
            " WHERE published_at IS NOT NULL GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 1"
        )
        return UUID(str(cursor.fetchone()[0]))


def own_pages(user: User) -> Iterator[Page]:
    booking = Booking.objects.filter(user_id=user.pk).latest("created_at")
    yield Page("my bookings", reverse("my_bookings"))
    yield Page("a booking", reverse("booking_detail", args=[booking.pk]))
    yield Page("my waitlists", reverse("my_waitlists"))
    entry = WaitlistEntry.objects.filter(user_id=user.pk).first()
    if entry is not None:
        yield Page("a waitlist entry", reverse("waitlist_entry", args=[entry.pk]))
    yield Page("inbox", reverse("inbox"))
    yield Page("account", reverse("account"))
    for name in ("bookings", "waitlists", "promotions", "notifications"):
        yield Page(f"API: {name}", f"/api/v1/{name}/", is_api=True)
    yield Page("API: notifications, unread", "/api/v1/notifications/?unread=true", is_api=True)


def organizer_pages(world: World, user: User) -> Iterator[Page]:
    """Yield the pages about the two events, and the lists of all events of theirs."""
    event, waited_for = world.busiest.pk, world.waited_for.pk
    yield Page("dashboard", reverse("admin:index"))
    yield from lists(user)
    events = reverse("admin:events_event_changelist")
    yield Page("events: all", f"{events}?show=all")
    yield Page("events: past", f"{events}?show=past")
    for words in ("jazz", "jazz concert", "soudough"):
        yield Page(f"events: search {words}", f"{events}?show=all&q={words}")
    for page in event_pages():
        yield Page(f"event: {page.key}", reverse(page.url_name, args=[event]))
    yield Page("event: trail", reverse("admin:events_event_trail", args=[event]))
    yield from rows_of_event(event, waited_for)
    yield from forms_of_event(event, waited_for)
    base = f"/api/v1/events/{event}"
    yield Page("API: own events", f"{reverse('api_organizer_events')}", is_api=True)
    yield Page(
        "API: own events, search", f"{reverse('api_organizer_events')}?search=jazz", is_api=True
    )
    for name, path in {
        "bookings of an event": "/bookings/",
        "bookings of an event, search": "/bookings/?search=person+77",
        "bookings of an event, updated": "/bookings/?updated_since=2020-01-01T00:00:00Z",
        "bookings of an event, status": "/bookings/?status=cancelled",
        "attendees": "/attendees.csv",
        "figures": "/analytics/",
        "price history": "/price-history/",
    }.items():
        yield Page(f"API: {name}", f"{base}{path}", is_api=True)
    waiting = reverse("api_event_waitlist", args=[waited_for])
    yield Page("API: waitlist of an event", waiting, is_api=True)


def rows_of_event(event: UUID, waited_for: UUID) -> Iterator[Page]:
    """Yield the lists of an event's rows with filters, searches and pages."""
    attendees = reverse("admin:event_attendees", args=[event])
    reference = _reference(event)
    for name, query in {
        "page 2": "p=2",
        "by time": "o=-5",
        "cancelled": "show=cancelled",
        "all": "show=all",
        "search by name": "q=person+77",
        "search by address": "q=person77@example.org",
        "search by reference": f"q={reference}",
        "search by part of a reference": f"q={reference[5:12]}",
    }.items():
        yield Page(f"attendees: {name}", f"{attendees}?{query}")
    waitlist = reverse("admin:event_waitlist", args=[waited_for])
    for name, query in {
        "first page": "",
        "page 2": "p=2",
        "search by name": "q=person+77",
        "status": "status__exact=waiting",
    }.items():
        yield Page(f"waitlist: {name}", f"{waitlist}?{query}")
    attempts = reverse("admin:event_attempts", args=[event])
    for name, query in {
        "page 2": "p=2",
        "refused": "result__exact=failed",
        "search by name": "q=person+77",
        "search by outcome": "q=sold+out",
    }.items():
        yield Page(f"attempts: {name}", f"{attempts}?{query}")
    emails = reverse("admin:event_messages", args=[event])
    for name, query in {"all": "show=all", "search": "show=all&q=person+77"}.items():
        yield Page(f"emails: {name}", f"{emails}?{query}")


def _reference(event: UUID) -> str:
    with as_worker():
        return Booking.objects.filter(event_id=event).latest("id").booking_reference


def forms_of_event(event: UUID, waited_for: UUID) -> Iterator[Page]:
    """Yield the pages of single rows."""
    with as_worker():
        rows: list[Any] = [
            Booking.objects.filter(event_id=event).latest("id"),
            BookingAttempt.objects.filter(event_id=event, user_id__isnull=False).latest("id"),
            WaitlistEntry.objects.filter(event_id=waited_for).latest("id"),
            EmailDelivery.objects.filter(event_id=event).latest("id"),
        ]
    for row in rows:
        meta = row._meta
        url = reverse(f"admin:{meta.app_label}_{meta.model_name}_change", args=[row.pk])
        yield Page(f"page of one {meta.verbose_name}", url)


def superuser_pages(world: World) -> Iterator[Page]:
    yield Page("dashboard", reverse("admin:index"))
    yield from lists(world.superuser)
    for words in ("jazz", "soudough"):
        events = reverse("admin:events_event_changelist")
        yield Page(f"events: search {words}", f"{events}?show=all&q={words}")
    bookings = reverse("admin:bookings_booking_changelist")
    yield Page("bookings by reference", f"{bookings}?q={_reference(world.busiest.pk)}")
    yield Page("attendees", reverse("admin:event_attendees", args=[world.busiest.pk]))


def lists(user: User) -> Iterator[Page]:
    """Yield the lists of the admin that a user sees, also those that no navigation names."""
    request = RequestFactory().get("/admin/")
    request.user = user
    for app in admin.site.get_app_list(request):
        for model in app["models"]:
            if model["admin_url"]:
                yield Page(f"list: {model['name']}", model["admin_url"])


# Only imported for what they register, or asked for rows.
__all__ = ["EventStaff", "Looker", "Notification", "Page", "Promotion", "World", "lookers"]
