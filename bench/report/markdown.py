"""Tables in Markdown."""

from collections.abc import Iterable


def table(heading: list[str], rows: Iterable[list[str]]) -> str:
    """Return a table whose first column is text, the others numbers."""
    lines = [heading, ["---", *["---:"] * (len(heading) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
