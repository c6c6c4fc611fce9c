"""The tables of docs/lifecycle.md, which come from the registry."""

import re

from evently.environment import BASE_DIR
from evently.lifecycle.registry import Rule, kept, rules

PAGE = BASE_DIR / "docs" / "lifecycle.md"


def page() -> str:
    """Return what docs/lifecycle.md must be: its text, with the tables of the registry."""
    text = _between("rules", _rules(), PAGE.read_text())
    return _between("kept", _kept(), text)


def _between(name: str, table: str, text: str) -> str:
    """Put a table between the two marks of a name."""
    marked = re.compile(rf"(<!-- {name} -->\n).*(<!-- end of {name} -->)", re.DOTALL)
    return marked.sub(lambda match: f"{match[1]}{table}\n{match[2]}", text)


def _rules() -> str:
    head = "| Name | Table | What | Until | Then | How | Ground |\n|---|---|---|---|---|---|---|"
    return "\n".join([head, *(_row(rule) for rule in rules())])


def _row(rule: Rule) -> str:
    how = f"{rule.how}; {rule.carried_out}"
    cells = (
        *(rule.name, f"`{rule.table}`", rule.data, str(rule.period)),
        *(rule.then, how, rule.ground),
    )
    return f"| {' | '.join(cells)} |"


def _kept() -> str:
    head = "| Table | Because |\n|---|---|"
    return "\n".join([head, *(f"| `{entry.table}` | {entry.because} |" for entry in kept())])
