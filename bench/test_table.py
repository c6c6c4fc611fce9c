"""`python -m bench`, with a handful of operations of each measure, so that it cannot rot."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from bench.report.results import Figures, Results, Round
from bench.report.table import comparison, lines
from bench.stage.cpu import DATABASE, OTHER, PARTS, WEB, WORKER, CpuMeter
from bench.stage.http_load import parse
from evently.environment import BASE_DIR
from evently.tests.running import NOT_INHERITED, STATIC_ROOT

OPERATIONS = 8
# What sending an email adds, which the bare calls put off.
OF_EMAILS = {"email_delivery_log", "email_attempts", "sent_emails"}
BARE = "bare view: "


@pytest.mark.slow
@pytest.mark.processes
def test_one_round_of_everything(tmp_path: Path) -> None:
    """One test, since it starts all servers, and tests of a module may run in several processes."""
    found = run_of_everything(tmp_path / "figures.json")
    check_that_bare_calls_write_the_same(found["figures"])
    check_that_emails_are_out(found["figures"])
    # No line is left out for a name that has changed.
    assert [text for text, is_met in found["targets"].items() if is_met is None] == []


def run_of_everything(file: Path) -> dict[str, Any]:
    """Run one round of everything; return what it has found."""
    environment = {name: value for name, value in os.environ.items() if name not in NOT_INHERITED}
    environment.pop("DJANGO_SETTINGS_MODULE", None)
    environment["STATIC_ROOT"] = str(STATIC_ROOT)
    run = subprocess.run(
        [
            *(sys.executable, "-m", "bench", "--rounds", "1", "--warm-up", "0"),
            *("--idle-seconds", "1", "--people", "40"),
            *("--cancelling", "40", "--hanging-mail", "2", "--memory", "40"),
            *("--operations", str(OPERATIONS), "--json", str(file), "--against", str(file)),
        ],
        cwd=BASE_DIR,
        env=environment,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert run.returncode == 0, run.stdout[-2000:] + run.stderr[-4000:]
    found: dict[str, Any] = json.loads(file.read_text())
    return found


def check_that_bare_calls_write_the_same(found: dict[str, Any]) -> None:
    pairs = [(name.removeprefix(BARE), name) for name in found if name.startswith(BARE)]
    assert len(pairs) == 8
    for name, bare in pairs:
        of_operation = {
            table: rows for table, rows in found[name]["rows"].items() if table not in OF_EMAILS
        }
        assert of_operation == found[bare]["rows"], name


def check_that_emails_are_out(found: dict[str, Any]) -> None:
    emails = {name: figures["emails"] for name, figures in found.items() if figures["emails"]}
    assert emails == {
        "booking, 50 events": 1,
        "booking, one hot event": 1,
        "an email": 1,
        "bare SMTP": 1,
        "join a waitlist": 1,
        "cancel a booking": 1,
        "cancel, and offer the seat": 2,
        "accept an offer": 1,
        "purchase in pages, logged in": 1,
        "purchase in pages, guest": 1,
    }


def figures(cpu: float, rate: float) -> Figures:
    return Figures(
        milliseconds={},
        cpu=cpu,
        rate=rate,
        settled_rate=rate,
        emails=0,
        median_latency=0,
        p99_latency=0,
        rows={},
    )


def test_an_earlier_run_is_compared_beside_its_limit() -> None:
    """What takes twice the time on a machine that is twice as slow has not changed."""
    booking, bare = "booking, 50 events", "bare view: booking, 50 events"
    earlier = {booking: figures(10, 100), bare: figures(5, 400)}
    now = {booking: figures(20, 50), bare: figures(10, 200)}
    _, line, _ = comparison(now, earlier)
    assert line.removeprefix(booking).split() == ["2.00", "1.00", "0.50", "1.00"]


def test_what_takes_less_than_a_tick_is_not_compared() -> None:
    """A handful of requests of the bare server may come out as no CPU time at all."""
    pages, bare = "API: list of events", "bare WSGI"
    results = Results(about={})
    for name, seconds in ((pages, 0.3), (bare, 0.0)):
        spent = dict.fromkeys(PARTS, 0.0) | {WEB: seconds}
        results.add(name, Round(40, 1.0, 1.0, emails=0, cpu=spent, rows={}, latencies=[0.01]))
    assert results.cpu_ratio(pages, bare) is None
    line = next(line for line in lines(results) if line.startswith(pages))
    assert line.split()[-1] == "–"

    found = results.figures()
    _, of_pages, of_bare = comparison(found, found)
    assert of_pages.removeprefix(pages).split() == ["1.00", "–", "1.00", "1.00"]
    assert of_bare.removeprefix(bare).split() == ["–", "1.00"]


def test_a_child_that_has_ended_still_counts() -> None:
    """A database backend lives as long as its connection, perhaps a single statement."""
    burn = "import time\nwhile time.process_time() < 0.4: pass"
    program = f"""
import subprocess, sys, time
print("started", flush=True)
sys.stdin.readline()
subprocess.run([sys.executable, "-c", {burn!r}])
print("ended", flush=True)
sys.stdin.readline()
"""
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as tree:
        assert tree.stdin
        assert tree.stdout
        tree.stdout.readline()
        meter = CpuMeter(-1, others={tree.pid: DATABASE})
        before = meter.read()
        tree.stdin.write("\n")
        tree.stdin.flush()
        tree.stdout.readline()
        after = meter.read()
        tree.stdin.write("\n")
    assert after[DATABASE] - before[DATABASE] >= 0.3
    assert [after[part] for part in (WEB, WORKER, OTHER)] == [0, 0, 0]


@pytest.mark.parametrize(
    ("received", "body"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{", None),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", b"{}"),
        (b"HTTP/1.1 204 No Content\r\n\r\n", b""),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n", None),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", b"{}"),
    ],
    ids=["part", "whole", "empty", "chunked part", "chunked"],
)
def test_responses_are_whole(received: bytes, body: bytes | None) -> None:
    response = parse(bytearray(received))
    assert (response.body if response else None) == body
