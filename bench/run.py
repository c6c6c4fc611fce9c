"""One run of `python -m bench`: make data, measure in turns, report. Django must be set up."""

import argparse
import json
import sys

from bench.measures import MEASURES, Stage
from bench.parts import cancelling, hanging_mail, memory
from bench.parts.options import amounts
from bench.people import book_by_sql, create_people, events_on_sale
from bench.report import table
from bench.report.machine import about
from bench.report.results import Results, figures_from_json
from bench.report.targets import targets_met
from bench.stage.measuring import idle_cost, measured
from bench.stage.servers import Servers

EVENTS, SEATS = 50, 1_000_000
PARTS = {
    "cancelling": cancelling.measure,
    "hanging_mail": hanging_mail.measure,
    "memory": memory.measure,
}


def measure(servers: Servers, given: argparse.Namespace) -> Results:
    """Measure everything that is wanted, in turns; the first rounds only warm up."""
    results = Results(about(servers.database, servers.broker))
    stage = prepared_stage(servers, people=given.people)
    names = wanted(given.only)
    idle = idle_cost(servers, seconds=given.idle_seconds)
    results.single["idle, CPU ms per second"] = sum(idle.values()) * 1000
    for number in range(1 - given.warm_up, given.rounds + 1):
        for name in names:
            count = int(given.operations * MEASURES[name].scale)
            one = measured(servers, MEASURES[name].prepare(stage, count), idle=idle)
            if number > 0:
                results.add(name, one)
            print(f"round {number}: {name}: {one.operations / one.seconds:.1f}/s", file=sys.stderr)
    for name, amount in amounts(given).items():
        results.single.update(PARTS[name](stage, amount))
    return results


def prepared_stage(servers: Servers, *, people: int) -> Stage:
    """Create people and events; a sixth of the people as shoppers, and as regulars.

    Regulars have five bookings each.
    """
    database, logged_in = servers.database, max(people // 6, 1)
    events = events_on_sale(database, EVENTS, seats=SEATS)
    regulars = create_people(logged_in, prefix="regular-", logged_in=True)
    pairs = [
        (events[(number * 5 + more) % EVENTS], person.id)
        for number, person in enumerate(regulars)
        for more in range(5)
    ]
    book_by_sql(database, pairs)
    return Stage(
        servers,
        people=create_people(people, prefix="bench-"),
        shoppers=create_people(logged_in, prefix="shopper-", logged_in=True),
        regulars=regulars,
        events=events,
        hot=events_on_sale(database, 1, seats=SEATS)[0],
    )


def wanted(part: str) -> list[str]:
    """Return the names of the measures that have this in their name, and of their limits."""
    found = {name for name in MEASURES if part in name}
    while limits := {MEASURES[name].limit for name in found} - found - {""}:
        found |= limits
    return [name for name in MEASURES if name in found]


def report(results: Results, given: argparse.Namespace) -> None:
    """Print the table, compare it with an earlier run, and write the figures to a file."""
    print("\n".join(table.lines(results)))
    if given.json:
        stored = results.as_json() | {"targets": targets_met(results)}
        given.json.write_text(json.dumps(stored, indent=2, ensure_ascii=False))
    if given.against:
        earlier = figures_from_json(json.loads(given.against.read_text()))
        print("\n" + "\n".join(table.comparison(results.figures(), earlier)))
