"""Everything at once, at random, on three events: whether seats, the line and the rules hold.

    python bench/torture.py --seconds 60 --processes 16

Processes book, cancel, join, leave, accept, decline, expire, change priorities, capacities and
prices, cancel and delete events, and delete people, through the operations, as pages and API do,
with every app listening. A clock sixty times as fast lets offers run out. Meanwhile an observer
looks, each time at one snapshot, for anything that must never be. It works in a database of its
own, without a broker, and exits with 1 if anything was wrong.
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.throwaway import ROOT, throwaway_database

FAST_CLOCK = 60


def main() -> int:
    """Make the database, run the torture in it, print what happened."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--processes", type=int, default=16)
    options = parser.parse_args()
    arguments = [str(options.seconds), str(options.processes)]
    with throwaway_database(fast_clock=FAST_CLOCK) as environment:
        done = subprocess.run(
            [sys.executable, "-m", "bench.torturing.run", *arguments],
            cwd=ROOT,
            env=environment,
            check=False,
            stdout=subprocess.PIPE,
            text=True,
        )
    if done.returncode:
        print(done.stdout)
        return done.returncode
    # The figures are the last line, whatever a library had to say before.
    figures = json.loads(done.stdout.splitlines()[-1])
    print(told(figures))
    return 0 if figures["looks"] and not is_wrong(figures) else 1


def is_wrong(figures: dict[str, Any]) -> bool:
    """Return whether anything happened that must not."""
    return bool(figures["wrong"] or figures["crashes"] or figures["deadlocks_given_up"])


def told(figures: dict[str, Any]) -> str:
    """Return the figures for people."""
    lines = [
        f"{figures['done']:,} operations in {figures['seconds']:.0f} s by"
        f" {figures['processes']} processes: {figures['done'] / figures['seconds']:.0f} a second",
        f"{figures['looks']} looks; {figures['deadlocks']} deadlocks in the database,"
        f" {figures['deadlocks_given_up']} given up",
    ]
    for operation, outcomes in sorted(figures["outcomes"].items()):
        told_outcomes = ", ".join(f"{code} {count}" for code, count in sorted(outcomes.items()))
        lines.append(f"  {operation:16} {told_outcomes}")
    lines += [f"WRONG: {name}: {rows[:3]}" for name, rows in figures["wrong"].items()]
    lines += [f"CRASHED: {crash}" for crash in figures["crashes"][:5]]
    return "\n".join(lines)


if __name__ == "__main__":
    raise SystemExit(main())
