"""Compare two versions of an email template, line by line."""

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher

from evently.formatting import counted
from notifications.template_models import Template

CONTEXT = 3
SAME, REMOVED, ADDED, SKIPPED = "same", "removed", "added", "skipped"
PARTS = (("subject", "Subject"), ("html", "HTML"), ("text", "Plain text"))


@dataclass(frozen=True)
class Line:
    """A line of a comparison. old, new: its numbers, None where a version lacks it."""

    kind: str
    text: str
    old: int | None = None
    new: int | None = None

    @property
    def sign(self) -> str:
        return {REMOVED: "−", ADDED: "+"}.get(self.kind, "")


@dataclass(frozen=True)
class Part:
    """A part of the two versions. lines: empty where they are alike."""

    label: str
    lines: list[Line]


def differences(old: Template, new: Template) -> list[Part]:
    """Return how two templates differ, part by part."""
    return [
        Part(label, list(_lines(getattr(old, name), getattr(new, name)))) for name, label in PARTS
    ]


def _lines(old: str, new: str) -> Iterator[Line]:
    before, after = old.splitlines(), new.splitlines()
    if before == after:
        return
    matcher = SequenceMatcher(None, before, after, autojunk=len(before) > 1_000)
    last = 0
    for group in matcher.get_grouped_opcodes(CONTEXT):
        if group[0][1] > last:
            yield Line(SKIPPED, counted(group[0][1] - last, "unchanged line"))
        for operation, start, end, new_start, new_end in group:
            if operation == "equal":
                for offset in range(end - start):
                    number = start + offset
                    yield Line(SAME, before[number], number + 1, new_start + offset + 1)
                continue
            for number in range(start, end):
                yield Line(REMOVED, before[number], old=number + 1)
            for number in range(new_start, new_end):
                yield Line(ADDED, after[number], new=number + 1)
        last = group[-1][2]
    if last < len(before):
        yield Line(SKIPPED, counted(len(before) - last, "unchanged line"))
