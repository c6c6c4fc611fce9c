"""What was measured: rounds, their medians, and how they are stored."""

import statistics
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from bench.report.ratios import median_ratio
from bench.stage.cpu import PARTS


@dataclass(frozen=True)
class Round:
    """One round of a measure.

    seconds: until the last response. settled_seconds: until the last email was sent and the last
    task was done. cpu: seconds by part, until then, less what Evently needs when idle. Until the
    last response: clients, the CPU seconds of clients and mail server, which share the machine and
    do not count; busy, the share of its cores that was used by anything.
    """

    operations: int
    seconds: float
    settled_seconds: float
    emails: int
    cpu: dict[str, float]
    rows: dict[str, int]
    latencies: list[float] = field(repr=False, default_factory=list)
    clients: float = 0.0
    busy: float = 0.0

    def milliseconds(self, part: str) -> float:
        """Return CPU milliseconds per operation."""
        return self.cpu[part] * 1000 / self.operations


@dataclass(frozen=True)
class Figures:
    """The medians of a measure's rounds; milliseconds are of CPU, per operation, by part.

    rate: operations per second until the last response. settled_rate: with their emails. rows:
    added per operation, by table. clients: CPU milliseconds of clients and mail server, per
    operation. busy: the share of the machine's cores that was used; what is missing to 1 was spent
    waiting.
    """

    milliseconds: dict[str, float]
    cpu: float
    rate: float
    settled_rate: float
    emails: float
    median_latency: float
    p99_latency: float
    rows: dict[str, float]
    clients: float = 0.0
    busy: float = 0.0


def figures_of(rounds: list[Round]) -> Figures:
    latencies = sorted(latency for one in rounds for latency in one.latencies) or [0.0]
    return Figures(
        milliseconds={
            part: statistics.median(one.milliseconds(part) for one in rounds) for part in PARTS
        },
        cpu=statistics.median(sum(map(one.milliseconds, PARTS)) for one in rounds),
        rate=statistics.median(one.operations / one.seconds for one in rounds),
        settled_rate=statistics.median(one.operations / one.settled_seconds for one in rounds),
        emails=statistics.median(one.emails / one.operations for one in rounds),
        median_latency=statistics.median(latencies) * 1000,
        p99_latency=latencies[int(len(latencies) * 0.99)] * 1000,
        rows={name: count / rounds[0].operations for name, count in rounds[0].rows.items()},
        clients=statistics.median(one.clients * 1000 / one.operations for one in rounds),
        busy=statistics.median(one.busy for one in rounds),
    )


@dataclass
class Results:
    """Everything that one run has found. single: figures that are no medians, by name."""

    about: dict[str, str]
    rounds: dict[str, list[Round]] = field(default_factory=dict)
    single: dict[str, float] = field(default_factory=dict)

    def add(self, name: str, one: Round) -> None:
        self.rounds.setdefault(name, []).append(one)

    def figures(self) -> dict[str, Figures]:
        return {name: figures_of(rounds) for name, rounds in self.rounds.items()}

    def rate_ratio(self, name: str, other: str) -> float:
        """Return the median of the ratios of two measures' rates, round by round."""
        return statistics.median(
            (mine.operations / mine.seconds) / (theirs.operations / theirs.seconds)
            for mine, theirs in zip(self.rounds[name], self.rounds[other], strict=True)
        )

    def cpu_ratio(self, name: str, other: str) -> float | None:
        """Return the median of the ratios of two measures' CPU time, round by round.

        None: there was too little in every round.
        """
        return median_ratio(
            (sum(map(mine.milliseconds, PARTS)), sum(map(theirs.milliseconds, PARTS)))
            for mine, theirs in zip(self.rounds[name], self.rounds[other], strict=True)
        )

    def as_json(self) -> dict[str, Any]:
        return {
            "about": self.about,
            "figures": {name: asdict(figures) for name, figures in self.figures().items()},
            "single": self.single,
        }


def figures_from_json(stored: Mapping[str, Any]) -> dict[str, Figures]:
    return {name: Figures(**figures) for name, figures in stored["figures"].items()}
