"""The table of metrics in docs/analytics.md, which comes from the registry."""

from django.conf import settings

from boxoffice.figures.registry import METRICS, REFUSED, Kind, Source

PAGE = settings.BASE_DIR / "docs" / "analytics.md"
BEGIN, END = "<!-- metrics -->\n", "<!-- end of metrics -->\n"
KINDS = {
    Kind.FLOW: "sum",
    Kind.LEVEL: "level",
    Kind.DISTINCT: "distinct",
    Kind.RATIO: "ratio",
}
SOURCES = {
    Source.TABLES: "tables",
    Source.COUNTERS: "broker",
    Source.METRICS: "other metrics",
}


def table() -> str:
    """Return the table of all metrics, in Markdown."""
    lines = ["| Metric | Unit | Kind | From | What it counts |", "|---|---|---|---|---|"]
    for one in METRICS.values():
        kind, source = KINDS[one.kind], SOURCES[one.source]
        lines.append(f"| `{one.name}` | {one.unit} | {kind} | {source} | {one.definition} |")
    lines.append(
        f"| `{REFUSED}CODE` | count | sum | tables | Attempts to book that were refused with a "
        "code, such as `sold_out`. |"
    )
    return "\n".join(lines) + "\n"


def page() -> str:
    """Return what docs/analytics.md must be: its text, with the table of the registry."""
    text: str = PAGE.read_text()
    before, rest = text.split(BEGIN)
    return f"{before}{BEGIN}\n{table()}\n{END}{rest.split(END)[1]}"
