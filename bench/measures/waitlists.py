"""Joining and leaving a waitlist, offers, and cancellations, over the API.

Each works on new events of twenty seats, all of them booked, so that no round finds what another
has left behind.
"""

from bench.measures.base import Measure, Stage, Work, requests
from bench.measures.bookings import api_post, bare_post
from bench.people import PRICE, Person, book_by_sql, events_on_sale, join_by_sql
from bench.stage.http_load import Operation, one, request
from bench.stage.settling import settle

SEATS = 20


class Scene:
    """Events that are sold out, and what people have of them: an operation for each number.

    The people with bookings are not those who wait.
    """

    def __init__(self, stage: Stage, count: int, *, waiting: bool = False) -> None:
        database = stage.servers.database
        self.stage = stage
        events = events_on_sale(database, -(-count // SEATS), seats=SEATS)
        # Neighbouring operations are about different events.
        self.events = [events[number % len(events)] for number in range(len(events) * SEATS)]
        self.owners = [stage.person(2 * number // len(events)) for number in range(len(self))]
        self.others = [stage.person(2 * number // len(events) + 1) for number in range(len(self))]
        self.count = count
        pairs = [(event, owner.id) for event, owner in zip(self.events, self.owners, strict=True)]
        self.bookings = book_by_sql(database, pairs)
        self.entries = []
        if waiting:
            pairs = [(event, one.id) for event, one in zip(self.events, self.others, strict=True)]
            self.entries = join_by_sql(database, pairs)

    def __len__(self) -> int:
        return len(self.events)

    def by_api(self, operations: list[Operation]) -> Work:
        return requests(self.stage.servers.port, operations[: self.count])

    def bare(self, operations: list[Operation]) -> Work:
        return requests(self.stage.servers.bare_port, operations[: self.count])


def join(stage: Stage, count: int) -> Work:
    scene = Scene(stage, count)
    return scene.by_api(
        [
            api_post(
                stage,
                "/api/v1/waitlists/",
                {"event": str(event), "quantity": 1, "unit_price": PRICE},
                person,
                201,
            )
            for event, person in zip(scene.events, scene.others, strict=True)
        ]
    )


def bare_join(stage: Stage, count: int) -> Work:
    scene = Scene(stage, count)
    pairs = zip(scene.events, scene.others, strict=True)
    return scene.bare([bare_post("join", event, person) for event, person in pairs])


def leave(stage: Stage, count: int) -> Work:
    scene = Scene(stage, count, waiting=True)
    return scene.by_api(
        [
            _delete(stage, f"/api/v1/waitlists/{entry}/", person)
            for entry, person in zip(scene.entries, scene.others, strict=True)
        ]
    )


def bare_leave(stage: Stage, count: int) -> Work:
    scene = Scene(stage, count, waiting=True)
    pairs = zip(scene.entries, scene.others, strict=True)
    return scene.bare([bare_post("leave", entry, person) for entry, person in pairs])


def cancel(stage: Stage, count: int) -> Work:
    return _cancel(Scene(stage, count))


def cancel_with_offer(stage: Stage, count: int) -> Work:
    """Cancel bookings whose seats are offered to the waitlist at once."""
    return _cancel(Scene(stage, count, waiting=True))


def _cancel(scene: Scene) -> Work:
    return scene.by_api(
        [
            api_post(scene.stage, f"/api/v1/bookings/{booking}/cancel/", {}, owner, 200)
            for booking, owner in zip(scene.bookings, scene.owners, strict=True)
        ]
    )


def bare_cancel(stage: Stage, count: int) -> Work:
    return _bare_cancel(Scene(stage, count), "cancel")


def bare_cancel_with_offer(stage: Stage, count: int) -> Work:
    return _bare_cancel(Scene(stage, count, waiting=True), "offer")


def _bare_cancel(scene: Scene, function: str) -> Work:
    pairs = zip(scene.bookings, scene.owners, strict=True)
    return scene.bare([bare_post(function, booking, owner) for booking, owner in pairs])


def accept(stage: Stage, count: int) -> Work:
    operations = [
        api_post(stage, f"/api/v1/promotions/{offer}/accept/", {}, person, 201)
        for offer, person in _offers(stage, count)
    ]
    return requests(stage.servers.port, operations)


def bare_accept(stage: Stage, count: int) -> Work:
    operations = [bare_post("accept", offer, person) for offer, person in _offers(stage, count)]
    return requests(stage.servers.bare_port, operations)


def _offers(stage: Stage, count: int) -> list[tuple[str, Person]]:
    """Let offers be made, and return them with whom they are made to."""
    scene = Scene(stage, count, waiting=True)
    _cancel(scene)()
    settle(stage.servers)
    rows = stage.servers.database.execute(
        "SELECT waitlist_id, id FROM waitlist_promotions WHERE event_id = ANY(%s)",
        [scene.events],
    ).fetchall()
    people = dict(zip(scene.entries, scene.others, strict=True))
    offers = [(str(offer), people[entry]) for entry, offer in rows]
    # Neighbouring operations are about different events, as those of others.
    stage.chance.shuffle(offers)
    return offers


def _delete(stage: Stage, path: str, person: Person) -> Operation:
    headers = {"Authorization": f"Bearer {person.token}"}
    return one(request("DELETE", path, host=stage.servers.host, headers=headers), 204)


JOIN, LEAVE, CANCEL = "join a waitlist", "leave a waitlist", "cancel a booking"
OFFER, ACCEPT = "cancel, and offer the seat", "accept an offer"

MEASURES = tuple(
    measure
    for name, prepare, bare_prepare in (
        (JOIN, join, bare_join),
        (LEAVE, leave, bare_leave),
        (CANCEL, cancel, bare_cancel),
        (OFFER, cancel_with_offer, bare_cancel_with_offer),
        (ACCEPT, accept, bare_accept),
    )
    for measure in (
        Measure(name, prepare, limit=f"bare view: {name}"),
        Measure(f"bare view: {name}", bare_prepare),
    )
)
