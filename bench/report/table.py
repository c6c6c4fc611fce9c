"""The table that a run prints."""

from collections.abc import Iterator, Mapping

from bench.measures import MEASURES
from bench.report.ratios import median_ratio, ratio_cell
from bench.report.results import Figures, Results
from bench.report.targets import TARGETS
from bench.stage.cpu import PARTS

HEADERS = (
    *PARTS,
    "CPU ms",
    "(clients)",
    "busy",
    "per s",
    "settled/s",
    "emails",
    "median ms",
    "p99 ms",
    "÷ limit",
    "CPU ÷ limit",
)
WIDTH = 34


def lines(results: Results) -> Iterator[str]:
    """Yield the lines of the table: what it was measured on, the measures, the targets."""
    for name, value in results.about.items():
        yield f"{name + ':':14}{value}"
    yield ""
    yield " " * WIDTH + "".join(f"{header:>12}" for header in HEADERS)
    figures = results.figures()
    for name, found in figures.items():
        yield f"{name:{WIDTH}}" + "".join(f"{cell:>12}" for cell in _cells(results, name, found))
    for name, value in results.single.items():
        yield f"{name:64} {value:10.2f}"
    yield ""
    yield from target_lines(results)


def target_lines(results: Results) -> Iterator[str]:
    """Yield a line for each target that was measured: its value, and whether it is met."""
    for target in TARGETS:
        value = target.value(results)
        if value is not None:
            yield target.line(value)


def _cells(results: Results, name: str, found: Figures) -> Iterator[str]:
    for part in PARTS:
        yield f"{found.milliseconds[part]:.2f}"
    yield f"{found.cpu:.2f}"
    yield f"({found.clients:.2f})"
    yield f"{found.busy:.0%}"
    yield f"{found.rate:.1f}"
    yield f"{found.settled_rate:.1f}"
    yield f"{found.emails:.2f}"
    yield f"{found.median_latency:.1f}"
    yield f"{found.p99_latency:.1f}"
    limit = MEASURES[name].limit
    if limit in results.rounds:
        yield f"{results.rate_ratio(name, limit):.2f}"
        yield ratio_cell(results.cpu_ratio(name, limit))


def comparison(now: Mapping[str, Figures], earlier: Mapping[str, Figures]) -> Iterator[str]:
    """Yield each measure's change since an earlier run: of CPU time, and beside its limit.

    The second says more where the machine was slower or busier in one of the runs.
    """
    yield f"{'now ÷ earlier':{WIDTH}}{'CPU':>12}{'CPU÷limit':>12}{'per s':>12}{'per s÷limit':>12}"
    for name in [name for name in now if name in earlier]:
        cpu = median_ratio([(now[name].cpu, earlier[name].cpu)])
        rate = now[name].rate / earlier[name].rate
        cells = [ratio_cell(cpu), "", f"{rate:.2f}", ""]
        limit = MEASURES[name].limit
        if limit in now and limit in earlier:
            of_limit = median_ratio([(now[limit].cpu, earlier[limit].cpu)])
            cells[1] = ratio_cell(cpu / of_limit if cpu and of_limit else None)
            cells[3] = f"{rate / (now[limit].rate / earlier[limit].rate):.2f}"
        yield f"{name:{WIDTH}}" + "".join(f"{cell:>12}" for cell in cells)
