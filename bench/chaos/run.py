"""Run rounds on a running site; imported once Django is set up."""

import time
from collections.abc import Callable, Sequence
from itertools import islice
from uuid import UUID

from bench.chaos.faults import Fault
from bench.chaos.nemesis import Round, plan, run_round
from bench.chaos.report import header, lines_of, summary
from bench.chaos.site import Site
from bench.torturing.following import Follower


def run(
    site: Site,
    faults: Sequence[Fault],
    *,
    seed: int,
    minutes: float | None,
    leeway_seconds: float,
    say: Callable[[str], None],
) -> bool:
    """Run rounds until the time is over, or each fault once; return whether everything held."""
    rounds: list[Round] = []
    followers: dict[UUID, Follower] = {}
    groups = plan(faults, seed=seed)
    deadline = time.monotonic() + 60 * (minutes or 0)
    say(header())
    for number, group in enumerate(groups if minutes else islice(groups, len(faults)), 1):
        if minutes and time.monotonic() > deadline:
            break
        one = run_round(
            site,
            group,
            seed=f"{seed}:{number}",
            leeway_seconds=leeway_seconds,
            followers=followers,
        )
        rounds.append(one)
        for line in lines_of(number, one):
            say(line)
    say(summary(rounds))
    return all(one.is_right for one in rounds)
