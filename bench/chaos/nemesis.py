"""Rounds: load, one fault or two at once, healing, settling, and the audit."""

import random
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import reduce
from itertools import combinations
from uuid import UUID

from bench.chaos import load
from bench.chaos.audit import audit
from bench.chaos.facts import read_facts
from bench.chaos.faults import FAULTS, Fault, Limits
from bench.chaos.history import History
from bench.chaos.promises import Times, broken_promises
from bench.chaos.settling import settle
from bench.chaos.site import BACK_SECONDS, Site
from bench.torturing.following import Follower

LEAD_SECONDS = 3.0
# After the last part is back: errors must have ended by then. The short form does not time them.
TAIL_SECONDS, SHORT_TAIL_SECONDS = 7.0, 2.0
OFFERS_END_SECONDS = 12.0
# The most telling ones, for tests, each round with two faults at once.
SHORT = (
    ("kill a web worker", "mail server drops"),
    ("kill the database", "kill the worker"),
    ("kill the mailer", "kill the broker"),
)


@dataclass
class Round:
    """What was seen. wrong: by check."""

    faults: Sequence[Fault]
    history: History
    times: Times
    settled_seconds: float
    left: dict[str, int]
    wrong: dict[str, list[str]] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return " + ".join(fault.name for fault in self.faults)

    @property
    def is_right(self) -> bool:
        return not any(self.wrong.values())


def plan(
    faults: Sequence[Fault], *, seed: int, pairs_only: bool = False
) -> Iterator[Sequence[Fault]]:
    """Yield what goes wrong, round by round without end: each fault alone, then pairs of them.

    The same seed yields the same order. pairs_only: without the first part.
    """
    chance = random.Random(seed)
    if not pairs_only:
        yield from ((fault,) for fault in chance.sample(faults, len(faults)))
    pairs = [pair for pair in combinations(faults, 2) if pair[0].about != pair[1].about]
    while pairs:
        yield from chance.sample(pairs, len(pairs))


def short_plan() -> Iterator[Sequence[Fault]]:
    """Yield the rounds of the short form."""
    by_name = {fault.name: fault for fault in FAULTS}
    for names in SHORT:
        yield [by_name[name] for name in names]


def run_round(
    site: Site,
    faults: Sequence[Fault],
    *,
    seed: str,
    leeway_seconds: float,
    tail_seconds: float,
    followers: dict[UUID, Follower],
) -> Round:
    """Run a round, and audit it.

    leeway_seconds: added to each limit of time, on a busy machine. tail_seconds: how long the load
    goes on once everything is back.
    """
    scene = load.new_scene(site)
    limits = reduce(Limits.widened_by, (fault.limits for fault in faults))
    threads: list[load.Visitor | load.Organizer] = [load.Organizer(scene, seed=seed)]
    threads += [load.Visitor(scene, number, seed=seed) for number in range(load.VISITORS)]
    watches = [load.HealthWatch(scene), load.OfferWatch(scene)]
    for thread in (*threads, *watches):
        thread.start()
    try:
        times = _do_harm(scene, faults, chance=random.Random(seed), tail_seconds=tail_seconds)
    finally:
        scene.stopping.set()
        for thread in (*threads, *watches):
            thread.join()
    seconds, left = settle(site)
    wrong = audit(scene.history, read_facts(site, scene.events, scene.doomed, followers))
    wrong |= broken_promises(scene.history, limits, times, leeway_seconds=leeway_seconds)
    wrong["clients failed"] = [thread.error for thread in threads if thread.error]
    wrong["left undone"] = [f"{count} {name}" for name, count in left.items()]
    return Round(faults, scene.history, times, seconds, left, wrong)


def _do_harm(
    scene: load.Scene, faults: Sequence[Fault], *, chance: random.Random, tail_seconds: float
) -> Times:
    """Bring the faults about while the load goes on, end them, and wait until all is back."""
    site = scene.site
    load.let_offers_end(scene, seconds=OFFERS_END_SECONDS)
    time.sleep(LEAD_SECONDS)
    began = time.monotonic()
    with ExitStack() as ends:
        asks = []
        for fault in faults:
            asks.append(fault.begin(site, ends))
            # The second while the first is being noticed.
            time.sleep(chance.uniform(0, 0.5))
        time.sleep(max(fault.seconds for fault in faults))
    ended = time.monotonic()
    while not all(is_back() for is_back in asks):
        if time.monotonic() - ended > BACK_SECONDS:
            return Times(began, ended, None)
        time.sleep(0.1)
    back = time.monotonic()
    time.sleep(tail_seconds)
    # The next round begins with everything.
    site.await_whole()
    return Times(began, ended, back)
