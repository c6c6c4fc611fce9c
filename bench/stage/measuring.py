"""Carry out prepared work, and measure what it costs until everything that it caused is done."""

import os
import time
from collections.abc import Callable, Mapping

from bench.report.results import Round
from bench.stage.cpu import PARTS, WORKER, busy_share, difference, seconds_of, used_and_all
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
    others, machine = clients_seconds(servers), used_and_all()
    outcome = work()
    busy = busy_share(machine, used_and_all())
    clients = clients_seconds(servers) - others
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
        clients=clients,
        busy=busy,
    )


def clients_seconds(servers: Servers) -> float:
    """Return the CPU seconds of what is no part of Evently: this process, and the mail server."""
    return seconds_of(os.getpid()) + seconds_of(servers.sink.process.pid)


def idle_cost(servers: Servers, *, seconds: float) -> dict[str, float]:
    """Return CPU seconds per second of doing nothing, by part: the periodic tasks."""
    settle(servers)
    before = servers.cpu.read()
    time.sleep(seconds)
    spent = difference(before, servers.cpu.read())
    return {part: spent[part] / seconds for part in PARTS}
