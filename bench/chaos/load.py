"""Load on everything: people who look at pages, book, cancel, wait, leave, and answer offers."""

import random
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import psycopg

from bench.chaos.client import Answer, Client
from bench.chaos.history import Act, History, Kind, Outcome
from bench.chaos.site import Site
from bench.parts.hanging_mail import OVERDUE, make_offers
from bench.people import PRICE, Person, book_by_sql, events_on_sale, join_by_sql

VISITORS = 12
SMALL, SMALL_SEATS = 6, 12
LARGE, LARGE_SEATS = 2, 400
DOOMED_SEATS = 20
CALLED_OFF_AFTER = 2.0, 6.0
PAUSE_SECONDS = 0.1, 0.4
# Clients repeat a request with its key for so long; some close their browser at the first error.
PATIENCE_SECONDS = 60.0
IMPATIENT = 0.2
OFFERS = 10
LOOK_SECONDS = 0.5

# What else may be answered, by what was asked.
REFUSALS = {
    Kind.BOOK: {"sold_out", "waitlist_first"},
    Kind.JOIN: {"seats_available"},
    Kind.CANCEL: set[str](),
    Kind.LEAVE: set[str](),
    Kind.ACCEPT: {"promotion_expired", "promotion_closed"},
    Kind.DECLINE: {"promotion_expired", "promotion_closed"},
}


@dataclass
class Scene:
    """What a round is about: events of its own, so that its audit needs no other's history.

    doomed: an event with bookings and a waitlist, which its organizer cancels.
    """

    site: Site
    events: list[UUID]
    doomed: UUID
    history: History = field(default_factory=History)
    stopping: threading.Event = field(default_factory=threading.Event)


def new_scene(site: Site) -> Scene:
    """Put events on sale: small ones that sell out at once, and large ones."""
    with site.database() as database:
        events = events_on_sale(database, SMALL, seats=SMALL_SEATS)
        events += events_on_sale(database, LARGE, seats=LARGE_SEATS)
        (doomed,) = events_on_sale(database, 1, seats=DOOMED_SEATS)
        booked, waiting = site.people[:DOOMED_SEATS], site.people[DOOMED_SEATS:][:DOOMED_SEATS]
        book_by_sql(database, [(doomed, person.id) for person in booked])
        join_by_sql(database, [(doomed, person.id) for person in waiting])
    return Scene(site, events, doomed)


def let_offers_end(scene: Scene, *, seconds: float) -> None:
    """Make offers, for other events, that end one after the other in this time."""
    with scene.site.database() as database:
        make_offers(database, scene.site.people, seconds=seconds, events=1, seats=OFFERS)


class Visitor(threading.Thread):
    """Some of the people, one after the other; no one else acts for them.

    Each of them books or joins each event at most once, so that what was done twice is seen.
    """

    def __init__(self, scene: Scene, number: int, *, seed: str) -> None:
        super().__init__(name=f"visitor-{number}", daemon=True)
        self._scene, self._history = scene, scene.history
        self._chance = random.Random(f"{seed}:{number}")
        self._people = scene.site.people[number::VISITORS]
        self._client = Client(scene.site.port, scene.history)
        self._pairs = self._mixed()
        self._waiting: dict[UUID, Person] = {}
        self.error = ""

    def run(self) -> None:
        try:
            while not self._scene.stopping.is_set():
                self._visit()
                time.sleep(self._chance.uniform(*PAUSE_SECONDS))
        except Exception as error:  # noqa: BLE001 - the round ends, and reports it
            self.error = repr(error)
        finally:
            self._client.close()

    def _mixed(self) -> Iterator[tuple[Person, UUID]]:
        pairs = [(person, event) for person in self._people for event in self._scene.events]
        self._chance.shuffle(pairs)
        return iter(pairs)

    def _visit(self) -> None:
        person, event = next(self._pairs, (self._people[0], None))
        self._look(person, event)
        if self._waiting and self._chance.random() < 0.4:
            self._answer_offers(self._chance.choice(list(self._waiting.values())))
        if event is not None:
            self._book_or_join(person, event)

    # ── Pages ───────────────────────────────────────────────────────────────
    def _look(self, person: Person, event: UUID | None) -> None:
        path = self._chance.choice(["/", "/bookings/", f"/events/{event}/", f"/events/{event}/"])
        answer = self._client.page("/" if event is None else path, cookie=person.cookie)
        if answer is not None and answer.status != 200:
            self._history.unexpected.append(f"{answer.status} for a page")

    # ── Bookings and entries ────────────────────────────────────────────────
    def _book_or_join(self, person: Person, event: UUID) -> None:
        body = {"event": str(event), "quantity": 1, "unit_price": PRICE}
        booked = self._act(Kind.BOOK, person, event, "POST", "/api/v1/bookings/", body)
        if booked.outcome is Outcome.DONE and self._chance.random() < 0.35:
            path = f"/api/v1/bookings/{booked.made}/cancel/"
            self._act(Kind.CANCEL, person, event, "POST", path, {}, about=booked.made)
        if booked.outcome is not Outcome.REFUSED:
            return
        joined = self._act(Kind.JOIN, person, event, "POST", "/api/v1/waitlists/", body)
        if joined.outcome is not Outcome.DONE:
            return
        if self._chance.random() < 0.2:
            path = f"/api/v1/waitlists/{joined.made}/"
            self._act(Kind.LEAVE, person, event, "DELETE", path, None, about=joined.made)
        else:
            self._waiting[person.id] = person

    def _answer_offers(self, person: Person) -> None:
        answer = self._client.read("/api/v1/promotions/?status=pending", person)
        if answer is None or answer.status != 200:
            return
        for offer in answer.json()["results"]:
            event, about = UUID(offer["event"]["id"]), UUID(offer["id"])
            if event in self._scene.events:
                kind = Kind.ACCEPT if self._chance.random() < 0.7 else Kind.DECLINE
                path = f"/api/v1/promotions/{about}/{kind}/"
                self._act(kind, person, event, "POST", path, {}, about=about)

    def _act(
        self,
        kind: Kind,
        person: Person,
        event: UUID,
        method: str,
        path: str,
        body: Any,
        *,
        about: UUID | None = None,
    ) -> Act:
        """Do something, and add it to the history."""
        impatient = self._chance.random() < IMPATIENT
        answer, answers = self._client.write(
            method, path, person, body, seconds=0 if impatient else PATIENCE_SECONDS
        )
        act = Act(kind, person.id, event, _outcome(answer), about, _made(kind, answer), answers)
        is_refused = answer is not None and act.outcome is Outcome.REFUSED
        if answer is not None and is_refused and answer.code not in REFUSALS[kind]:
            self._history.unexpected.append(f"{answer.status} {answer.code} to {kind}")
        self._history.acts.append(act)
        return act


def _outcome(answer: Answer | None) -> Outcome:
    if answer is None:
        return Outcome.UNKNOWN
    return Outcome.DONE if answer.status < 300 else Outcome.REFUSED


def _made(kind: Kind, answer: Answer | None) -> UUID | None:
    makes = kind in (Kind.BOOK, Kind.JOIN, Kind.ACCEPT)
    if answer is None or answer.status != 201 or not makes:
        return None
    return UUID(answer.json()["id"])


class Organizer(threading.Thread):
    """Cancels an event, at about the time of the fault."""

    def __init__(self, scene: Scene, *, seed: str) -> None:
        super().__init__(name="organizer", daemon=True)
        self._scene = scene
        self._seconds = random.Random(seed).uniform(*CALLED_OFF_AFTER)
        self.error = ""

    def run(self) -> None:
        scene, organizer = self._scene, self._scene.site.organizer
        client = Client(scene.site.port, scene.history)
        scene.stopping.wait(self._seconds)
        path = f"/api/v1/events/{scene.doomed}/cancel/"
        try:
            answer, _ = client.write(
                "POST", path, organizer, {"reason": "Chaos"}, seconds=PATIENCE_SECONDS
            )
            scene.history.acts.append(
                Act(Kind.CALL_OFF, organizer.id, scene.doomed, _outcome(answer))
            )
            if answer is not None and answer.status >= 300:
                scene.history.unexpected.append(f"{answer.status} {answer.code} to {Kind.CALL_OFF}")
        except Exception as error:  # noqa: BLE001 - the round reports it
            self.error = repr(error)
        finally:
            client.close()


# ── Watching ────────────────────────────────────────────────────────────────
class HealthWatch(threading.Thread):
    """Asks /healthz over a new connection again and again."""

    def __init__(self, scene: Scene) -> None:
        super().__init__(name="health", daemon=True)
        self._scene = scene

    def run(self) -> None:
        while not self._scene.stopping.wait(LOOK_SECONDS):
            started = time.monotonic()
            if not self._scene.site.web_answers():
                self._scene.history.unhealthy.append(started)


class OfferWatch(threading.Thread):
    """Reads how long the most overdue offer is overdue; not while the database is away."""

    def __init__(self, scene: Scene) -> None:
        super().__init__(name="offers", daemon=True)
        self._scene = scene

    def run(self) -> None:
        database: psycopg.Connection[Any] | None = None
        while not self._scene.stopping.wait(LOOK_SECONDS):
            try:
                database = database or self._scene.site.database()
                ((overdue,),) = database.execute(OVERDUE).fetchall()
                self._scene.history.overdue.append(overdue)
            except psycopg.Error:
                database = None
        if database is not None:
            database.close()
