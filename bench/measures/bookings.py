"""Bookings over the API, and what they are compared with."""

import json
from collections.abc import Callable
from uuid import UUID

from bench.measures.base import Measure, Stage, Work, requests
from bench.people import PRICE, Person, book_by_sql, events_on_sale
from bench.stage.http_load import Operation, one, request
from bench.stage.pgbench import Pgbench

# Which event the operation of a number is about.
Choice = Callable[[Stage, int], UUID]


def spread(stage: Stage, number: int) -> UUID:
    return stage.event(number)


def hot(stage: Stage, number: int) -> UUID:
    return stage.hot


def api_post(stage: Stage, path: str, body: object, person: Person, status: int) -> Operation:
    """Return the operation of one POST to Evently's API."""
    sent = request(
        "POST",
        path,
        host=stage.servers.host,
        body=json.dumps(body).encode(),
        headers={"Content-Type": "application/json", "Authorization": f"Bearer {person.token}"},
    )
    return one(sent, status)


def bare_post(function: str, about: object, person: Person) -> Operation:
    """Return the operation of one POST to a bare view."""
    sent = request(
        "POST",
        f"/{function}/",
        host="bare",
        body=json.dumps({"id": str(about)}).encode(),
        headers={"Content-Type": "application/json", "Authorization": f"Bearer {person.token}"},
    )
    return one(sent, 201)


def book(stage: Stage, event: UUID, person: Person, *, status: int = 201) -> Operation:
    body = {"event": str(event), "quantity": 1, "unit_price": PRICE}
    return api_post(stage, "/api/v1/bookings/", body, person, status)


def bookings(choose: Choice) -> Callable[[Stage, int], Work]:
    def prepare(stage: Stage, count: int) -> Work:
        return requests(
            stage.servers.port,
            [book(stage, choose(stage, number), stage.person(number)) for number in range(count)],
        )

    return prepare


def bare_bookings(choose: Choice) -> Callable[[Stage, int], Work]:
    def prepare(stage: Stage, count: int) -> Work:
        return requests(
            stage.servers.bare_port,
            [
                bare_post("book", choose(stage, number), stage.person(number))
                for number in range(count)
            ],
        )

    return prepare


def booking_calls(choose: Choice) -> Callable[[Stage, int], Work]:
    """Return the bare function, called by pgbench without a web server."""

    def prepare(stage: Stage, count: int) -> Work:
        events = sorted({choose(stage, number) for number in range(len(stage.events))})
        return Pgbench(
            stage.servers,
            "SELECT bench.book_bare(:event, :person);",
            {"event": events, "person": [person.id for person in stage.people]},
            count,
        )

    return prepare


def sold_out(stage: Stage, count: int) -> Work:
    """Return attempts to book an event whose last seat is taken."""
    (event,) = events_on_sale(stage.servers.database, 1, seats=1)
    book_by_sql(stage.servers.database, [(event, stage.people[0].id)])
    return requests(
        stage.servers.port,
        [book(stage, event, stage.person(number), status=409) for number in range(count)],
    )


def bare_refusals(stage: Stage, count: int) -> Work:
    return requests(
        stage.servers.bare_port,
        [bare_post("refuse", stage.hot, stage.person(number)) for number in range(count)],
    )


BOOKING, HOT_BOOKING = "booking, 50 events", "booking, one hot event"
BARE_BOOKING, BARE_HOT_BOOKING = f"bare view: {BOOKING}", f"bare view: {HOT_BOOKING}"
SOLD_OUT, BARE_SOLD_OUT = "refusal, sold out", "bare view: refusal, sold out"

MEASURES = (
    Measure(BOOKING, bookings(spread), limit=BARE_BOOKING),
    Measure(BARE_BOOKING, bare_bookings(spread), limit="pgbench: booking, 50 events"),
    Measure("pgbench: booking, 50 events", booking_calls(spread), scale=6),
    Measure(HOT_BOOKING, bookings(hot), limit=BARE_HOT_BOOKING),
    Measure(BARE_HOT_BOOKING, bare_bookings(hot), limit="pgbench: booking, one hot event"),
    Measure("pgbench: booking, one hot event", booking_calls(hot), scale=6),
    Measure(SOLD_OUT, sold_out, limit=BARE_SOLD_OUT),
    Measure(BARE_SOLD_OUT, bare_refusals),
)
