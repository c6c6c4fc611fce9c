"""Measure what Evently costs in a rush: CPU time and rates, beside what is possible.

    python -m bench                              everything (see README.md)
    python -m bench --only booking --rounds 3    measures with this in their name, and their limits
    python -m bench --everything                 with what takes an hour, too
    python -m bench --json now.json --against earlier.json

Starts servers of its own, in production mode and with a mail server; measures in interleaved
rounds; waits after each until every email is out.
"""

import argparse
import sys
from pathlib import Path

from bench.parts import options
from bench.stage.servers import everything_running


def arguments(given: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m bench", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("--rounds", type=int, default=5, help="of which medians are taken")
    parser.add_argument("--warm-up", type=int, default=1, help="rounds before them")
    parser.add_argument("--people", type=int, default=400, help="who book and wait")
    parser.add_argument("--operations", type=int, default=320, help="of each measure in a round")
    parser.add_argument(
        "--idle-seconds", type=float, default=30, help="for which the cost of idling is measured"
    )
    parser.add_argument("--only", default="", help="measures with this in their name")
    options.add_to(parser)
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    parser.add_argument("--against", type=Path, help="compare with such a file")
    return parser.parse_args(given)


def main() -> int:
    given = arguments()
    with everything_running() as servers:
        # Only now: Django's settings contain the addresses of the running servers.
        from bench import run

        results = run.measure(servers, given)
        run.report(results, given)
    return 0


if __name__ == "__main__":
    sys.exit(main())
