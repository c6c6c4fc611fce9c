"""Carry out prepared work, and measure what it costs until everything that it caused is done."""

import time
from collections.abc import Callable, Mapping

from bench.report.results import Round
from bench.stage.cpu import PARTS, WORKER, difference
from bench.stage.http_load import Outcome
from bench.stage.rows import added, count_rows
from bench.stage.servers import Servers
from bench.stage.settling import settle


def measured(servers: Servers, work: Callable[[], Outcome], *, idle: Mapping[str, float]) -> Round:
    """Carry out prepared work.

    idle: CPU seconds per second by part that Evently needs anyway.
    """
    settle(servers)
    rows = count_rows(servers)
    emails, before, started = servers.sink.emails(), servers.cpu.read(), time.monotonic()
    outcome = work()
    settle(servers)
    seconds = time.monotonic() - started
    spent = difference(before, servers.cpu.read())
    spent[WORKER] += outcome.worker_cpu
    return Round(
        operations=len(outcome.latencies),
        seconds=outcome.seconds,
        settled_seconds=seconds,
        emails=servers.sink.emails() - emails,
        cpu={part: spent[part] - idle[part] * seconds for part in PARTS},
        rows=added(rows, count_rows(servers)),
        latencies=outcome.latencies,
    )


def idle_cost(servers: Servers, *, seconds: float) -> dict[str, float]:
    """Return CPU seconds per second of doing nothing, by part: the periodic tasks."""
    settle(servers)
    before = servers.cpu.read()
    time.sleep(seconds)
    spent = difference(before, servers.cpu.read())
    return {part: spent[part] / seconds for part in PARTS}
