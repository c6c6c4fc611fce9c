"""What the dashboards cost the database on a year of sales: statements, and time."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from bench.role_cost.pages import Looker, Page
from evently.accounts.models import User
from evently.database.identity import VISITOR, acting_as, as_worker
from events.models import Event

MOST_QUERIES, MOST_MS = 12, 300.0
ROUNDS = 3
# Of an event, by their keys.
PAGES = {
    "overview": "Overview of an event",
    "analytics": "Analytics of an event",
    "prices": "Prices of an event",
    "price_rule": "price rule of an event",
}
SERIES = "?metrics=seats,revenue,booked,price,waiting"


@dataclass(frozen=True)
class Cost:
    """What a page costs. milliseconds: CPU time of the database's process."""

    name: str
    status: int
    queries: int
    milliseconds: float

    @property
    def note(self) -> str:
        """Return what is wrong; "" if nothing is."""
        if self.status != 200:
            return f"status {self.status}"
        is_over = self.queries > MOST_QUERIES or self.milliseconds > MOST_MS
        return "OVER" if is_over else ""


@as_worker()
def dashboards(superuser: User) -> list[tuple[Looker, Page]]:
    """Return who opens which page: those of the event with the most seats, and of all events."""
    event = Event.objects.select_related("created_by").latest("total_capacity", "id")
    organizer = Looker(event.created_by)
    front = reverse("admin:index")
    figures = reverse("api_event_analytics", args=[event.pk])
    return [
        (organizer, Page("front page of an organizer", front)),
        (Looker(superuser), Page("front page of a superuser", front)),
        *(
            (organizer, Page(name, reverse(f"admin:event_{key}", args=[event.pk])))
            for key, name in PAGES.items()
        ),
        (organizer, Page("API: all events", reverse("api_analytics"), is_api=True)),
        (organizer, Page("API: an event", f"{figures}{SERIES}", is_api=True)),
    ]


def opened(looker: Looker, page: Page) -> tuple[int, int]:
    """Open a page as a web process does; return its status and the number of statements."""
    with acting_as(VISITOR), CaptureQueriesContext(connection) as captured:
        status = looker.open(page)
    return status, len(captured)


def costs(superuser: User) -> Iterator[Cost]:
    """Yield what each page costs, the best of some rounds."""
    with _one_process() as clock:
        for looker, page in dashboards(superuser):
            times = []
            for _ in range(ROUNDS):
                before = _nanoseconds(clock)
                status, queries = opened(looker, page)
                times.append((_nanoseconds(clock) - before) / 1e6)
            yield Cost(page.name, status, queries, min(times))


@contextmanager
def _one_process() -> Iterator[Path]:
    """Let the database work in one process; yield where its CPU time is to be read."""
    connection.ensure_connection()
    with connection.cursor() as cursor:
        cursor.execute("SET max_parallel_workers_per_gather = 0")
    try:
        yield Path(f"/proc/{connection.connection.info.backend_pid}/schedstat")
    finally:
        with connection.cursor() as cursor:
            cursor.execute("RESET max_parallel_workers_per_gather")


def _nanoseconds(clock: Path) -> int:
    return int(clock.read_text().split()[0])


def report(superuser: User) -> int:
    """Print a line for each page; return how many are over a limit or not shown."""
    print(f"\n{'':28}{'queries':>9}{'limit':>7}{'CPU ms':>9}{'limit':>7}")
    failures = 0
    for cost in costs(superuser):
        failures += bool(cost.note)
        print(
            f"{cost.name:28}{cost.queries:9}{MOST_QUERIES:7}{cost.milliseconds:9.1f}{MOST_MS:7.0f}"
            f"  {cost.note}",
            flush=True,
        )
    return failures
