"""Run all operations at random and concurrently on three events, and check invariants.

    python bench/torture.py --seconds 60 --processes 16

Processes book, cancel, join, leave, accept, decline, expire, change priorities, capacities and
prices, cancel and delete events, and delete users, through the operations that pages and API call,
with the signal receivers of every app. A clock sixty times as fast lets offers expire. Meanwhile an
observer checks invariants, each time in one snapshot, and replays the public records of waitlists.
It uses a database of its own and no broker, and exits with 1 if an invariant was violated or an
operation crashed.
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
    # The figures are the last line; libraries may have printed something before.
    figures = json.loads(done.stdout.splitlines()[-1])
    print(summary_of(figures))
    return 0 if figures["looks"] and not is_wrong(figures) else 1


def is_wrong(figures: dict[str, Any]) -> bool:
    """Return whether an invariant was violated, or an operation crashed or deadlocked."""
    return bool(figures["wrong"] or figures["crashes"] or figures["deadlocks_given_up"])


def summary_of(figures: dict[str, Any]) -> str:
    lines = [
        f"{figures['done']:,} operations in {figures['seconds']:.0f} s by"
        f" {figures['processes']} processes: {figures['done'] / figures['seconds']:.0f}/s",
        f"{figures['looks']} checks, {figures['records']:,} records of waitlists replayed;"
        f" {figures['deadlocks']} deadlocks in the database,"
        f" {figures['deadlocks_given_up']} given up",
    ]
    for operation, outcomes in sorted(figures["outcomes"].items()):
        counts = ", ".join(f"{code} {count}" for code, count in sorted(outcomes.items()))
        lines.append(f"  {operation:16} {counts}")
    lines += [f"WRONG: {name}: {rows[:3]}" for name, rows in figures["wrong"].items()]
    lines += [f"CRASHED: {crash}" for crash in figures["crashes"][:5]]
    return "\n".join(lines)


if __name__ == "__main__":
    raise SystemExit(main())
