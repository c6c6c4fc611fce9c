"""Compare the waitlist's rules over many simulated seasons of a sold-out event.

    python -m bench.line_rules --seasons 1000 --seed 1

Who is offered seats is decided by the function that Evently uses (`waitlists.choosing`), and how
long an offer holds its seats by `waitlists.claim_windows`. Whether the public may buy is decided by
`may_sell_to_public`, which says in Python what a trigger of the database enforces. Every rule meets
the same seasons. The tables are the same each time for a seed. Needs no database.

Simplified: bookings made during the season are not cancelled; no one leaves the waitlist by
themselves, joins again, or waits after being turned away as a visitor; people act at any hour, and
accept at a moment spread evenly over the time they have, or let the offer expire; all honest places
are confirmed at once, and want all their seats or none.
"""

import argparse
import os
import platform
import subprocess
import sys
import time

import django

from evently.environment import BASE_DIR


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seasons", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(arguments)
    if options.seasons < 1:
        parser.error("--seasons must be at least 1")
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "evently.settings")
    django.setup()
    from bench.line_rules.tables import all_tables

    print(
        f"Commit {commit()}, Python {platform.python_version()},"
        f" {options.seasons} seasons, seed {options.seed}; ± is a 95 % interval.\n"
    )
    started = time.perf_counter()
    for title, text in all_tables(seasons=options.seasons, seed=options.seed):
        print(f"{title}\n\n{text}\n", flush=True)
    print(f"{time.perf_counter() - started:.0f} s", file=sys.stderr)
    return 0


def commit() -> str:
    """Return the commit of this checkout, or a word where there is none."""
    try:
        done = subprocess.run(
            ["git", "describe", "--always", "--dirty"],
            cwd=BASE_DIR,
            check=True,
            capture_output=True,
            text=True,
        )
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return done.stdout.strip()


if __name__ == "__main__":
    sys.exit(main())
