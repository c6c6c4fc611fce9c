"""Measure what grows with the number of bookings and events: the database's CPU time.

    python -m bench.growth --bookings 20000 1000000 5000000 --events 100000

Fills a database of its own for each number of bookings, then visits them in turns: bookings, search
among the events, and the admin. Prints milliseconds, and the largest beside the smallest; then
those of a long waitlist (`bench.line_growth`).
"""

import argparse
import json
import statistics
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from bench import line_growth
from bench.throwaway import ROOT, throwaway_database

# Of a waitlist, in milliseconds.
MOST_OF_WAITLIST = {"leave, head": 200, "one offer": 200, "look after leaving, head": 10}
BOOKING, MOST_GROWTH = "booking", 1.1
JUDGED = 1_000_000
WIDTH = 46
BOOKINGS_OF_AN_EVENT, FEWEST_EVENTS = 10, 1000


class Visited:
    """A filled database, and the process that carries out steps in it."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self.process = process
        self.most: dict[str, float] = json.loads(self._answer())

    def _answer(self) -> str:
        assert self.process.stdout is not None
        answer = self.process.stdout.readline()
        if not answer:
            raise SystemExit("A visitor has ended; see its error above.")
        return answer

    def milliseconds(self, step: str) -> float:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{step}\n")
        self.process.stdin.flush()
        return float(self._answer())


@contextmanager
def visited(*, bookings: int, events: int) -> Iterator[Visited]:
    """Fill a database of its own, and start a visitor."""
    events = min(events, max(bookings // BOOKINGS_OF_AN_EVENT, FEWEST_EVENTS))
    with throwaway_database() as environment:
        subprocess.run(
            [sys.executable, "-m", "bench.large", f"--bookings={bookings}", f"--events={events}"],
            cwd=ROOT,
            env=environment,
            check=True,
            stdout=sys.stderr,
        )
        with subprocess.Popen(
            [sys.executable, "-m", "bench.growth.visitor"],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as process:
            yield Visited(process)
            process.terminate()


# Milliseconds of each round, by step and number of bookings.
Found = dict[str, dict[int, list[float]]]


def measure(
    sizes: list[int], *, events: int, only: str, rounds: int
) -> tuple[Found, dict[str, float]]:
    """Return what was found, and the most milliseconds that a step should take; 0 for no limit."""
    with ExitStack() as stack:
        databases = {
            size: stack.enter_context(visited(bookings=size, events=events)) for size in sizes
        }
        most = databases[sizes[0]].most
        names = [name for name in most if only in name]
        found: Found = {name: {size: [] for size in sizes} for name in names}
        for number in range(rounds + 1):
            for name in names:
                for size, database in databases.items():
                    milliseconds = database.milliseconds(name)
                    if number:  # the first round warms up
                        found[name][size].append(milliseconds)
    return found, most


def lines(found: Found, most: dict[str, float]) -> Iterator[str]:
    """Yield the table: medians by size, how much they grow, and what they should be.

    Limits hold for a million bookings, or the most below it.
    """
    sizes = sorted(next(iter(found.values())))
    judged = max((size for size in sizes if size <= JUDGED), default=sizes[0])
    headers = [*(f"{size:,}" for size in sizes), "growth", "limit"]
    yield f"{'database, CPU ms':{WIDTH}}" + "".join(f"{header:>12}" for header in headers)
    for name, by_size in found.items():
        medians = {size: statistics.median(rounds) for size, rounds in by_size.items()}
        growth = medians[sizes[-1]] / medians[sizes[0]]
        cells = "".join(f"{medians[size]:12.2f}" for size in sizes)
        limit = ""
        if name == BOOKING:
            limit = _limit(growth, MOST_GROWTH)
        elif most[name]:
            limit = _limit(medians[judged], most[name])
        yield f"{name:{WIDTH}}{cells}{growth:12.2f}   {limit}"


def waitlist_lines(length: int) -> Iterator[str]:
    """Yield what is done in a waitlist of this length, and what it should be."""
    yield f"a waitlist of {length:,}, database, CPU ms"
    for name, milliseconds in line_growth.measure(length).items():
        most = MOST_OF_WAITLIST.get(name)
        yield f"{name:{WIDTH}}{milliseconds:12.2f}   {_limit(milliseconds, most) if most else ''}"


def _limit(value: float, most: float) -> str:
    return f"≤ {most:g} {'met' if value <= most else 'NOT MET'}"


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--bookings", type=int, nargs="+", default=[20_000, 1_000_000, 5_000_000])
    parser.add_argument("--events", type=int, default=100_000, help="of the larger databases")
    parser.add_argument("--waitlist", type=int, default=10_000, help="its length; 0 leaves it out")
    parser.add_argument("--only", default="", help="steps with this in their name")
    parser.add_argument("--rounds", type=int, default=5, help="of which medians are taken")
    given = parser.parse_args()
    found, most = measure(given.bookings, events=given.events, only=given.only, rounds=given.rounds)
    print("\n".join(lines(found, most)))
    if given.waitlist:
        print("\n" + "\n".join(waitlist_lines(given.waitlist)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
