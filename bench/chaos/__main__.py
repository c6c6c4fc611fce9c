"""Load on a whole Evently while its parts are killed and stopped, and an audit after each fault.

    script/chaos                        each fault once
    script/chaos --minutes 30           then pairs of faults, until the time is over
    script/chaos --minutes 30 --pairs   pairs of faults only
    script/chaos --only "web worker"    only faults whose name has these words (repeatable)
    script/chaos --short                three rounds, as the tests run them

Prints a table, and exits with 1 if anything acknowledged was lost, done twice or not told, or if
users saw errors for longer than promised.
"""

import argparse
import signal
import sys
from functools import partial
from itertools import islice

from bench.chaos.faults import FAULTS
from bench.chaos.site import running_site

LEEWAY_SECONDS = 1.0
PEOPLE = 180


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="script/chaos",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--minutes", type=float, help="go on until this time is over")
    parser.add_argument("--seed", type=int, default=1, help="of the order of faults and requests")
    parser.add_argument("--only", action="append", metavar="WORDS", help="only such faults")
    parser.add_argument("--pairs", action="store_true", help="only rounds with two faults at once")
    parser.add_argument("--short", action="store_true", help="three rounds of two faults each")
    parser.add_argument("--people", type=int, default=PEOPLE, help="who visit")
    parser.add_argument(
        "--leeway",
        type=float,
        default=LEEWAY_SECONDS,
        help="seconds added to each limit of time, for a busy machine",
    )
    parser.add_argument("--list", action="store_true", help="list the faults and end")
    return parser.parse_args()


def main() -> int:
    given = arguments()
    wanted = [
        fault
        for fault in FAULTS
        if not given.only or any(words in fault.name for words in given.only)
    ]
    if not wanted:
        raise SystemExit(f"No fault has {given.only} in its name; --list lists them.")
    if given.list:
        print("\n".join(fault.name for fault in wanted))
        return 0
    # So that everything that was started ends with this process.
    for end in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(end, lambda number, _: sys.exit(128 + number))
    with running_site(people=given.people) as site:
        # These import models, for which Django must be set up.
        from bench.chaos.nemesis import SHORT_TAIL_SECONDS, TAIL_SECONDS, plan, short_plan
        from bench.chaos.run import run

        groups = plan(wanted, seed=given.seed, pairs_only=given.pairs)
        if not given.minutes:
            groups = islice(groups, len(wanted))
        is_right = run(
            site,
            short_plan() if given.short else groups,
            seed=given.seed,
            minutes=given.minutes,
            leeway_seconds=given.leeway,
            tail_seconds=SHORT_TAIL_SECONDS if given.short else TAIL_SECONDS,
            say=partial(print, flush=True),
        )
    return 0 if is_right else 1


if __name__ == "__main__":
    sys.exit(main())
