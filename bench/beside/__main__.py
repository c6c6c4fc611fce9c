"""Measure two releases beside each other: the CPU time of each measure, as a ratio.

    git worktree add ../earlier 1a2b3c4 && (cd ../earlier && script/bootstrap --dev)
    python -m bench.beside ../earlier --rounds 15 --only "my bookings" --only search
    python -m bench.beside ../earlier --most 1.10

Starts both on one machine and lets them work in turns, so that what else the machine does is shared
fairly. Of each round the ratio is taken, and of the ratios the median: on a noisy machine it is
steadier than two runs one after the other. Exits with 1 if one is over `--most`.
"""

import argparse
import json
import statistics
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bench.report.ratios import median_ratio, ratio_cell, ratios

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
# What people and integrators do, each with how many of it make one round of about a second.
WHAT_PEOPLE_DO = {
    "booking, 50 events": 200,
    "booking, one hot event": 200,
    "refusal, sold out": 200,
    "join a waitlist": 120,
    "leave a waitlist": 120,
    "cancel a booking": 120,
    "cancel, and offer the seat": 60,
    "accept an offer": 60,
    "event page": 800,
    "event page, seats selling": 400,
    "home": 500,
    "search": 250,
    "my bookings": 200,
    "inbox": 200,
    "checkout": 200,
    "API: list of events": 250,
}


class Side:
    """A release that runs: a process in its checkout, which carries out what it is told."""

    def __init__(self, checkout: Path, process: "subprocess.Popen[str]") -> None:
        self.checkout, self._process = checkout, process

    def wait_until_ready(self) -> None:
        self._answer()

    def milliseconds(self, name: str, count: int) -> float:
        """Carry out so many operations of a measure; return the CPU time of one, in ms."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"name": name, "count": count}) + "\n")
        self._process.stdin.flush()
        return float(json.loads(self._answer())["milliseconds"])

    def _answer(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit(f"The servers of {self.checkout} have failed; see above.")
        return line


@dataclass
class Compared:
    """The rounds of one measure: CPU milliseconds of the earlier release and of this one."""

    name: str
    earlier: list[float] = field(default_factory=list)
    now: list[float] = field(default_factory=list)

    @property
    def ratio(self) -> float | None:
        """The median of the rounds' ratios; None if there was too little to measure in all."""
        return median_ratio(zip(self.now, self.earlier, strict=True))

    def line(self) -> str:
        """Return a line of the table: medians, and the quartiles of the ratio."""
        found = ratios(zip(self.now, self.earlier, strict=True))
        low, _, high = statistics.quantiles(found, n=4) if len(found) > 1 else (0, 0, 0)
        return (
            f"{self.name:32}{statistics.median(self.earlier):10.2f}"
            f"{statistics.median(self.now):10.2f}{ratio_cell(self.ratio):>8}"
            f"   ({low:.2f} to {high:.2f})"
        )


@contextmanager
def running(checkout: Path, *, idle_seconds: float, people: int) -> Iterator[Side]:
    """Run the servers of a checkout, by its own Python.

    idle_seconds: for which the cost of idling is measured, which is subtracted. people: who act.
    """
    python = checkout / ".venv" / "bin" / "python"
    if not python.exists():
        raise SystemExit(f"{checkout} is not set up: run script/bootstrap --dev there.")
    process = subprocess.Popen(
        [python, HERE / "side.py", str(idle_seconds), str(people)],
        cwd=checkout,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield Side(checkout, process)
    finally:
        # At the end of its input, it stops its servers.
        assert process.stdin is not None
        process.stdin.close()
        process.wait()


def compare(
    earlier: Side, now: Side, *, names: list[str], rounds: int, round_seconds: float = 1
) -> list[Compared]:
    """Measure in turns. The sides take turns in going first, and the first round warms up.

    round_seconds: how long one round of one measure takes, roughly.
    """
    found = [Compared(name) for name in names]
    for number in range(rounds + 1):
        for one in found:
            count = max(round(WHAT_PEOPLE_DO[one.name] * round_seconds), 1)
            pair = [(earlier, one.earlier), (now, one.now)]
            for side, taken in reversed(pair) if number % 2 else pair:
                spent = side.milliseconds(one.name, count)
                if number:
                    taken.append(spent)
        print(f"round {number} of {rounds}", file=sys.stderr)
    return found


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m bench.beside", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("earlier", type=Path, help="a checkout of the other release, set up")
    parser.add_argument("--rounds", type=int, default=9, help="of which medians are taken")
    parser.add_argument("--only", action="append", help="a measure; may be given several times")
    parser.add_argument("--most", type=float, help="the highest ratio that is good enough")
    parser.add_argument(
        "--idle-seconds", type=float, default=15, help="for which the cost of idling is measured"
    )
    parser.add_argument(
        "--round-seconds", type=float, default=1, help="how long a round of one measure takes"
    )
    parser.add_argument("--people", type=int, default=400, help="who act")
    given = parser.parse_args()
    unknown = sorted(set(given.only or ()) - WHAT_PEOPLE_DO.keys())
    if unknown:
        parser.error(f"no such measure: {unknown[0]}; there are {', '.join(WHAT_PEOPLE_DO)}")
    return given


def main() -> int:
    given = arguments()
    with ExitStack() as servers:
        earlier, now = (
            servers.enter_context(
                running(checkout, idle_seconds=given.idle_seconds, people=given.people)
            )
            for checkout in (given.earlier.resolve(), ROOT)
        )
        for side in (earlier, now):
            side.wait_until_ready()
        names = given.only or list(WHAT_PEOPLE_DO)
        found = compare(
            *(earlier, now),
            names=names,
            rounds=given.rounds,
            round_seconds=given.round_seconds,
        )
    print(f"{'CPU ms of one':32}{'earlier':>10}{'now':>10}{'ratio':>8}   (quartiles)")
    for one in found:
        print(one.line())
    return judge(found, given.most) if given.most else 0


def judge(found: list[Compared], most: float) -> int:
    """Print what takes more than it may, and what cannot be told; return 1 if there is any."""
    over = [one.name for one in found if one.ratio and one.ratio > most]
    unknown = [one.name for one in found if one.ratio is None]
    if over:
        print(f"\nMore than {most:.2f}: {', '.join(over)}")
    if unknown:
        print(f"\nToo short to be compared, give --round-seconds: {', '.join(unknown)}")
    return 1 if over or unknown else 0


if __name__ == "__main__":
    sys.exit(main())
