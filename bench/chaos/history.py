"""What the clients of a round did and saw: the audit compares it with database and mail server."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from uuid import UUID


class Kind(StrEnum):
    BOOK = "book"
    CANCEL = "cancel"
    JOIN = "join"
    LEAVE = "leave"
    ACCEPT = "accept"
    DECLINE = "decline"
    CALL_OFF = "call off"


class Outcome(StrEnum):
    """UNKNOWN: the last answer was lost, or the client gave up: it may have been done or not."""

    DONE = "done"
    REFUSED = "refused"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Act:
    """A request that changes something, however often it was repeated with its idempotency key.

    about: the booking, entry or offer that it changes; None where it makes one. made: the id of the
    booking or entry that the answer names. answers: how often it was answered with what it led to,
    or with why not; the tries whose answer was lost, or was an error, are not among them.
    """

    kind: Kind
    person: UUID
    event: UUID
    outcome: Outcome
    about: UUID | None = None
    made: UUID | None = None
    answers: int = 1


@dataclass(frozen=True)
class Trouble:
    """An error that a user saw. at: monotonic seconds; what: a status, or the error's name."""

    at: float
    what: str
    where: str


@dataclass
class History:
    """All of it. Threads only append. longest: the longest wait for an answer, and where."""

    acts: list[Act] = field(default_factory=list)
    troubles: list[Trouble] = field(default_factory=list)
    # Answers that no fault explains, such as a status 500, or a page of errors without words.
    unexpected: list[str] = field(default_factory=list)
    waits: list[tuple[float, str]] = field(default_factory=list)
    # Times at which /healthz gave no answer, and offers' overdue seconds whenever they were read.
    unhealthy: list[float] = field(default_factory=list)
    overdue: list[float] = field(default_factory=list)
    requests: int = 0

    @property
    def longest_wait(self) -> tuple[float, str]:
        return max(self.waits, default=(0.0, ""))

    def done(self, *kinds: Kind) -> Iterable[Act]:
        """Return the acts of these kinds that were acknowledged."""
        return (act for act in self.acts if act.kind in kinds and act.outcome is Outcome.DONE)

    def error_seconds(self) -> float:
        """Return the time between the first and the last error that a user saw."""
        times = [trouble.at for trouble in self.troubles]
        return max(times) - min(times) if times else 0.0
