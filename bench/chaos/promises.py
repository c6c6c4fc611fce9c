"""What users may see during a fault, against what they saw."""

from dataclasses import dataclass

from bench.chaos.faults import Limits
from bench.chaos.history import History

ERRORS, WAITS, HEALTH = "errors seen too long", "waited too long", "/healthz without an answer"
OVERDUE, UNEXPECTED, AWAY = "offers overdue too long", "unexpected answers", "did not come back"


@dataclass(frozen=True)
class Times:
    """When the faults began, were ended, and their parts were back (None: never); monotonic."""

    began: float
    ended: float
    back: float | None


def broken_promises(
    history: History, limits: Limits, times: Times, *, leeway_seconds: float = 0.0
) -> dict[str, list[str]]:
    """Return what is wrong, by promise. leeway_seconds: added to each limit of time."""
    wait, where = history.longest_wait
    overdue = max(history.overdue, default=0.0)
    return {
        AWAY: [] if times.back is not None else ["a part was not back after a long time"],
        ERRORS: _late_errors(history, limits, times, leeway_seconds),
        WAITS: [f"{wait:.1f} s for {where}"] if wait > limits.wait_seconds + leeway_seconds else [],
        HEALTH: [f"{len(history.unhealthy)} times"]
        if limits.is_healthy and history.unhealthy
        else [],
        OVERDUE: [f"{overdue:.1f} s"] if overdue > limits.overdue_seconds + leeway_seconds else [],
        UNEXPECTED: sorted(set(history.unexpected)),
    }


def _late_errors(
    history: History, limits: Limits, times: Times, leeway_seconds: float
) -> list[str]:
    """Return the errors that users should not have seen, the first of each kind."""
    until = times.began
    if limits.errors:
        until = (times.back or times.ended) + limits.after_seconds + leeway_seconds
    found: dict[str, str] = {}
    for trouble in history.troubles:
        if not limits.errors or trouble.at > until:
            kind = f"{trouble.what} for {trouble.where}"
            since = f"{trouble.at - (times.back or times.ended):+.1f} s"
            found.setdefault(kind, f"{kind}, {since} from when it was back")
    return list(found.values())
