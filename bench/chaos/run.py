"""Run rounds on a running site; imported once Django is set up."""

import time
from collections.abc import Callable, Iterable, Sequence
from uuid import UUID

from bench.chaos.faults import Fault
from bench.chaos.nemesis import Round, run_round
from bench.chaos.report import header, lines_of, summary
from bench.chaos.site import Site
from bench.torturing.following import Follower


def run(
    site: Site,
    groups: Iterable[Sequence[Fault]],
    *,
    seed: int,
    minutes: float | None,
    leeway_seconds: float,
    tail_seconds: float,
    say: Callable[[str], None],
) -> bool:
    """Run rounds, no longer than so many minutes; return whether everything held.

    groups: what goes wrong at the same time, round by round.
    """
    rounds: list[Round] = []
    followers: dict[UUID, Follower] = {}
    deadline = time.monotonic() + 60 * minutes if minutes else float("inf")
    say(header())
    for number, group in enumerate(groups, 1):
        if time.monotonic() > deadline:
            break
        one = run_round(
            site,
            group,
            seed=f"{seed}:{number}",
            leeway_seconds=leeway_seconds,
            tail_seconds=tail_seconds,
            followers=followers,
        )
        rounds.append(one)
        for line in lines_of(number, one):
            say(line)
    say(summary(rounds))
    return all(one.is_right for one in rounds)
