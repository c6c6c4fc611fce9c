"""What is found about a domain, in sentences, with the record to add where one is missing."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

# The longest part of a TXT record; longer ones consist of several (RFC 7208, 3.3).
LONGEST_STRING = 255


class Level(StrEnum):
    """How much a finding matters, the worst last. UNKNOWN: DNS gave no answer."""

    FINE = "fine"
    ADVICE = "advice"
    UNKNOWN = "unknown"
    PROBLEM = "problem"


@dataclass(frozen=True)
class Record:
    """A record to add to a zone, or to put in the place of another one. kind: TXT or MX."""

    name: str
    kind: str
    value: str

    @property
    def line(self) -> str:
        """Return it as a line of a zone file."""
        if self.kind != "TXT":
            return f"{self.name}. {self.kind} {self.value}"
        parts = range(0, len(self.value), LONGEST_STRING)
        strings = " ".join(f'"{self.value[start : start + LONGEST_STRING]}"' for start in parts)
        return f"{self.name}. TXT {strings}"


@dataclass(frozen=True)
class Finding:
    """about: MX, SPF, DKIM, DMARC or Sender. text: sentences. add: the record that mends it."""

    level: Level
    about: str
    domain: str
    text: str
    add: Record | None = None

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON has it; `add` is null or has `name`, `type`, `value` and `line`."""
        found = asdict(self)
        if self.add is not None:
            found["add"] = {
                "name": self.add.name,
                "type": self.add.kind,
                "value": self.add.value,
                "line": self.add.line,
            }
        return found


def worst(findings: Iterable[Finding]) -> Level:
    """Return the level that decides; FINE where there is nothing else."""
    order = list(Level)
    return max((finding.level for finding in findings), key=order.index, default=Level.FINE)
