"""Compare the price rule with a fixed price over many simulated seasons of an event.

    python -m bench.seasons --seasons 1000 --seed 1

Prices are set by the functions that Evently uses (`events.pricing.rule`). Each season has the same
visitors however it is sold. The tables are the same each time for a seed. Needs no database.
docs/pricing.md says what is simulated, and what the figures mean.
"""

import argparse
import platform
import sys
import time

from bench.report.machine import commit
from bench.seasons.tables import all_tables


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seasons", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(arguments)
    if options.seasons < 1:
        parser.error("--seasons must be at least 1")
    print(
        f"Commit {commit()}, Python {platform.python_version()},"
        f" {options.seasons} seasons, seed {options.seed}; ± is a 95 % interval.\n"
    )
    started = time.process_time()
    for title, text in all_tables(seasons=options.seasons, seed=options.seed):
        print(f"{title}\n\n{text}\n", flush=True)
    print(f"{time.process_time() - started:.0f} s of CPU time", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
