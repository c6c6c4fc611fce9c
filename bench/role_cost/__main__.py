"""Measure what row-level security costs: the database's CPU of each page, with and without it.

    python -m bench.role_cost --bookings 1300000 --events 40000
    python -m bench.role_cost --only attendees --plans plans.txt --database OWNER_URL URL

Fills a database of its own (`bench.large`): an event with a twentieth of all bookings, an organizer
with 200 events, a waitlist of 10,000. Opens the pages of visitors, attendees, organizers, managers
and superusers, and runs each of their statements as the role that took it and as the owner, whom no
policy holds, by turns. Exits with 1 if a page costs more than 1.1 times as much and 1 ms more.
"""

import argparse
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent))

from bench import large
from bench.throwaway import throwaway_database

MOST, MOST_MORE_MS = 1.1, 1.0


@contextmanager
def filled(arguments: argparse.Namespace) -> Iterator[dict[str, str]]:
    """Yield the environment of a large database."""
    if arguments.database:
        owner, application = arguments.database
        yield {
            "DATABASE_OWNER_URL": owner,
            "DATABASE_URL": application,
            "DEVELOPMENT_ALLOWS": "DATABASE_URL,REDIS_URL",
        }
        return
    with throwaway_database() as environment:
        started = time.perf_counter()
        set_up(environment)
        with psycopg.connect(environment["DATABASE_OWNER_URL"], autocommit=True) as database:
            large.fill(database, bookings=arguments.bookings, events=arguments.events)
        print(f"{arguments.bookings:,} bookings in {time.perf_counter() - started:.0f} s")
        yield environment


def set_up(environment: dict[str, str]) -> None:
    import django
    from django.apps import apps
    from django.conf import settings

    os.environ.update(environment)
    for alias, variable in {"default": "DATABASE_URL", "owner": "DATABASE_OWNER_URL"}.items():
        settings.DATABASES[alias]["NAME"] = environment[variable].rpartition("/")[2]
    settings.ALLOWED_HOSTS = ["localhost"]
    if not apps.ready:
        django.setup()


def report(arguments: argparse.Namespace, environment: dict[str, str]) -> int:
    """Print a line for each page; return how many cost too much."""
    from bench.role_cost.comparing import Comparison
    from bench.role_cost.pages import World, lookers
    from evently.database.identity import VISITOR, set_of_process

    # As in web processes: who is not logged in is a visitor.
    set_of_process(VISITOR)
    comparison = Comparison(
        environment["DATABASE_OWNER_URL"], environment["DATABASE_URL"], rounds=arguments.rounds
    )
    world = World()
    world.prepare(comparison.owner.database)
    print(f"{'CPU ms of the database':58}{'rows':>9}{'owner':>10}{'role':>10}{'ratio':>7}")
    failures = 0
    plans = arguments.plans.open("a") if arguments.plans else None
    for who, (looker, pages) in lookers(world).items():
        for page in pages:
            title = f"{who}: {page.name}"
            if arguments.only not in title or arguments.who not in who:
                continue
            if any(words in title for words in arguments.skip):
                continue
            failures += _page(title, looker, page, comparison, plans)
    return 1 if failures else 0


def _page(title: str, looker: Any, page: Any, comparison: Any, plans: Any) -> bool:
    from bench.role_cost.comparing import kept_statements

    with kept_statements() as statements:
        status = looker.open(page)
    if status != 200:
        print(f"{title:58}{status:>9}")
        return False
    costs = [comparison.cost(statement) for statement in statements.thinned()]
    owner = sum(cost.owner * cost.statement.times for cost in costs)
    role = sum(cost.role * cost.statement.times for cost in costs)
    rows = round(sum(cost.rows[1] * cost.statement.times for cost in costs))
    is_dear = role > owner * MOST and role > owner + MOST_MORE_MS
    note = "  DEAR" if is_dear else ""
    differing = [cost for cost in costs if cost.rows[0] != cost.rows[1]]
    note += f"  {len(differing)} with other rows" if differing else ""
    ratio = role / owner if owner else 1.0
    print(f"{title:58}{rows:9,}{owner:10.2f}{role:10.2f}{ratio:7.2f}{note}", flush=True)
    if plans is not None:
        _explain(title, costs, comparison, plans)
    return is_dear


def _explain(title: str, costs: list[Any], comparison: Any, plans: Any) -> None:
    """Write the statements that cost most more, with both plans."""
    dear = sorted(costs, key=lambda cost: cost.statement.times * (cost.owner - cost.role))
    for cost in dear[:3]:
        if cost.role < cost.owner * MOST or cost.role < cost.owner + 0.2:
            continue
        statement = cost.statement
        print(
            f"\n=== {title}: {cost.owner:.2f} → {cost.role:.2f} ms × {statement.times:.0f},"
            f" {cost.rows}, {statement.identity.role}\n{statement.sql[:6000]}",
            *(
                f"--- {who}\n{comparison.plan(statement, policies=who == 'role')[:12000]}"
                for who in ("owner", "role")
            ),
            sep="\n",
            file=plans,
            flush=True,
        )


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--bookings", type=int, default=1_300_000)
    parser.add_argument("--events", type=int, default=40_000)
    parser.add_argument(
        "--database", nargs=2, help="the owner's and the application's URL of one that is filled"
    )
    parser.add_argument("--only", default="", help="pages with this in their name")
    parser.add_argument("--skip", nargs="+", default=[], help="pages with these in their name")
    parser.add_argument("--who", default="", help="visitor, attendee, organizer …")
    parser.add_argument("--rounds", type=int, default=4, help="of which the best is taken")
    parser.add_argument("--plans", type=Path, help="a file for the plans of what costs more")
    arguments = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "evently.settings")
    with filled(arguments) as environment:
        set_up(environment)
        return report(arguments, environment)


if __name__ == "__main__":
    raise SystemExit(main())
