"""The table of the rounds."""

from collections.abc import Iterator, Sequence

from bench.chaos.history import Outcome
from bench.chaos.nemesis import Round

HEADERS = (
    "requests",
    "done",
    "refused",
    "unknown",
    "errors",
    "errors s",
    "after s",
    "back s",
    "wait s",
    "overdue",
    "settled",
)
NAME, CELL = 44, 9


def header() -> str:
    return f"{'':{NAME}}" + "".join(f"{name:>{CELL}}" for name in HEADERS)


def lines_of(number: int, one: Round) -> Iterator[str]:
    """Yield the line of a round, and one for each thing that is wrong."""
    name = f"{number:3} {one.name}"
    cells = "".join(f"{cell:>{CELL}}" for cell in _cells(one))
    yield f"{name:{NAME}}{cells}  {'' if one.is_right else 'WRONG'}".rstrip()
    for check, found in one.wrong.items():
        for text in found[:5]:
            yield f"      {check}: {text}"
        if len(found) > 5:
            yield f"      {check}: {len(found) - 5} more"


def _cells(one: Round) -> Iterator[str]:
    history, times = one.history, one.times
    yield str(history.requests)
    for outcome in Outcome:
        yield str(sum(act.outcome is outcome for act in history.acts))
    yield str(len(history.troubles))
    yield f"{history.error_seconds():.1f}"
    last = max((trouble.at for trouble in history.troubles), default=0.0)
    yield f"{max(last - times.back, 0.0):.1f}" if times.back else "never"
    yield f"{times.back - times.ended:.1f}" if times.back else "never"
    yield f"{history.longest_wait[0]:.1f}"
    yield f"{max(history.overdue, default=0.0):.1f}"
    yield f"{one.settled_seconds:.1f}"


def summary(rounds: Sequence[Round]) -> str:
    """Return the last line: how many rounds there were, and what was wrong how often."""
    wrong: dict[str, int] = {}
    for one in rounds:
        for check, found in one.wrong.items():
            wrong[check] = wrong.get(check, 0) + len(found)
    acts = sum(len(one.history.acts) for one in rounds)
    counts = ", ".join(f"{check}: {count}" for check, count in wrong.items())
    return f"{len(rounds)} rounds, {acts} requests that change something. {counts}"
