"""What a measurement is, and what it works on."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from random import Random
from typing import Protocol
from uuid import UUID

from bench.people import Person
from bench.stage import http_load
from bench.stage.http_load import Operation, Outcome
from bench.stage.servers import Servers

BROWSER = {"Accept": "text/html", "Accept-Encoding": "gzip, br", "User-Agent": "bench"}


@dataclass
class Stage:
    """The running servers, and the people and events that operations are about.

    people: use the API. shoppers: are logged in, and buy. regulars: are logged in, and have some
    bookings each, always the same. events: on sale, with seats for everyone. hot: one more of them,
    that all want to go to.
    """

    servers: Servers
    people: list[Person]
    shoppers: list[Person]
    regulars: list[Person]
    events: list[UUID]
    hot: UUID
    # Of logged-in people, so that no one buys the same event twice while there are others.
    purchases: Iterator[int] = field(default_factory=count)
    chance: Random = field(default_factory=lambda: Random(8))

    def person(self, number: int) -> Person:
        return self.people[number % len(self.people)]

    def shopper(self, number: int) -> Person:
        return self.shoppers[number % len(self.shoppers)]

    def regular(self, number: int) -> Person:
        return self.regulars[number % len(self.regulars)]

    def event(self, number: int) -> UUID:
        return self.events[number % len(self.events)]


class Work(Protocol):
    """Prepared operations; calling it carries them out, and nothing else."""

    def __call__(self) -> Outcome: ...


@dataclass(frozen=True)
class Measure:
    """One line of the table.

    prepare: gets the stage and the number of operations, and returns the work; what it does itself
    is not measured. limit: the name of the measure that shows what is possible. scale: how many
    operations, as a multiple of those of others.
    """

    name: str
    prepare: Callable[[Stage, int], Work]
    limit: str = ""
    scale: float = 1.0


def requests(port: int, operations: Iterable[Operation]) -> Work:
    """Return the work of sending requests."""
    return partial(http_load.send_all, port, list(operations))
