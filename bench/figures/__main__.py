"""Fill a database with a year of sales, and measure what its figures cost.

    python -m bench.figures [--events 2000 --bookings 500000 --waiting 50000 --attempts 5000000]
    python -m bench.figures --fill
    python -m bench.figures --database OWNER_URL URL --plans plans.txt
    python -m bench.figures --exports [--events 2000]
    python -m bench.figures --lost-demand [50000 300000]

The first fills a database of its own and measures: the first run of each resolution, the minute
that a rush is in, an hour, a day, the nightly check, and the dashboards. Exits with 1 if one is
over its limit, a roll-up differs from the tables, or memory grows. --fill only fills the configured
database, which must be migrated and empty; --database measures one that was filled so. --exports
measures the memory of files of figures instead, in a database of its own;
--lost-demand what it costs to count and read that of an event with so many refusals.
"""

import argparse
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent))

from bench.figures import exporting, losing
from bench.figures.filling import Size, fill
from bench.large import CONNECTING
from bench.role_cost.__main__ import set_up
from bench.throwaway import connected, throwaway_database


@contextmanager
def filled(arguments: argparse.Namespace, size: Size) -> Iterator[dict[str, str]]:
    """Yield the environment of a database with a year of sales."""
    if arguments.database:
        owner, application = arguments.database
        yield {
            "DATABASE_OWNER_URL": owner,
            "DATABASE_URL": application,
            "DEVELOPMENT_ALLOWS": "DATABASE_URL,REDIS_URL",
        }
        return
    with throwaway_database() as environment:
        set_up(environment)
        with psycopg.connect(environment["DATABASE_OWNER_URL"], autocommit=True) as database:
            fill(database, size)
        yield environment


def _fill_configured(size: Size) -> None:
    import django
    from django.db import connections

    django.setup()
    parameters = connections["owner"].get_connection_params()
    parameters = {name: value for name, value in parameters.items() if name in CONNECTING}
    with connected(**parameters) as database:
        fill(database, size)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    for name, default in vars(Size()).items():
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--fill", action="store_true", help="only fill the configured database")
    parser.add_argument(
        "--database", nargs=2, help="the owner's and the application's URL of one that is filled"
    )
    parser.add_argument("--exports", action="store_true", help="measure the memory of exports")
    parser.add_argument(
        "--lost-demand", nargs="*", type=int, help="count lost demand of so many refusals"
    )
    parser.add_argument("--plans", type=Path, help="a file for the plans of the statements")
    arguments = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "evently.settings")
    size = Size(arguments.events, arguments.bookings, arguments.waiting, arguments.attempts)
    if arguments.fill:
        _fill_configured(size)
        return 0
    if arguments.exports:
        return exporting.run(size.events)
    if arguments.lost_demand is not None:
        return losing.run(arguments.lost_demand or [50_000, 300_000])
    with filled(arguments, size) as environment:
        set_up(environment)
        from bench.figures.measuring import report

        return report(environment["DATABASE_OWNER_URL"], plans=arguments.plans)


if __name__ == "__main__":
    raise SystemExit(main())
