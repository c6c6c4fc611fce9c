"""Measure the CPU time of an email, and how long an offer waits behind bulk mail.

    python -m bench.mail_cost [--bookings 2000] [--offers 500] [--bulk 10000]

Runs a mailer on a database of its own, and a real mail server. Confirmations with tickets, and
offers, are written while the mailer is stopped; then it sends them. CPU is that of the mailer and
of all of PostgreSQL, from /proc; each email is finished by itself.
"""

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg

from bench.throwaway import ROOT, throwaway_database

TICKS = os.sysconf("SC_CLK_TCK")
# QR codes are drawn faster once a few hundred are known.
WARM_UP = {"bookings": 300, "offers": 60, "news": 60}
PATIENCE_SECONDS = 600


def cpu_seconds(pid: int, *, with_ended_children: bool = False) -> float:
    """Return the CPU time of a process, user and system."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    times = fields[11:15] if with_ended_children else fields[11:13]
    return sum(map(int, times)) / TICKS


def cpu_of_postgres(database: "psycopg.Connection[Any]") -> float:
    """Return the CPU time of a server and all its processes, those that have ended included."""
    status = Path(f"/proc/{database.info.backend_pid}/status").read_text()
    postmaster = int(status.partition("PPid:")[2].split()[0])
    total = cpu_seconds(postmaster, with_ended_children=True)
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if f"PPid:\t{postmaster}\n" in (entry / "status").read_text():
                total += cpu_seconds(int(entry.name))
        except OSError:
            continue
    return total


class Sink:
    """The mail server, and what it has got."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def arrivals(self) -> dict[str, float]:
        """Return the times of arrival by Message-ID."""
        lines = self.path.read_text().splitlines() if self.path.exists() else []
        return {id_: float(at) for at, _, id_ in (line.partition(" ") for line in lines)}

    def await_emails(self, number: int) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while len(self.arrivals()) < number:
            if time.monotonic() > deadline:
                raise SystemExit(f"Only {len(self.arrivals())} of {number} emails have arrived.")
            time.sleep(0.1)


@contextmanager
def running(
    module: str, *arguments: str, **environment: str
) -> Iterator["subprocess.Popen[bytes]"]:
    """Run a module of this checkout during the block."""
    process = subprocess.Popen(
        [sys.executable, "-m", module, *arguments], cwd=ROOT, env=environment
    )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGCONT)
        process.terminate()
        process.wait(60)


def write(what: str, number: int, environment: dict[str, str]) -> str:
    """Write messages in a process with this environment; return what it prints."""
    done = subprocess.run(
        [sys.executable, "-m", "bench.mail_fill", what, str(number)],
        cwd=ROOT,
        env=environment,
        check=True,
        stdout=subprocess.PIPE,
    )
    return done.stdout.decode().strip()


def report(name: str, number: int, work: Callable[[], None], meters: dict[str, Any]) -> None:
    """Print the CPU time of emails, by who spent it."""
    before = {who: read() for who, read in meters.items()}
    started = time.monotonic()
    work()
    seconds = time.monotonic() - started
    spent = {who: (read() - before[who]) / number * 1000 for who, read in meters.items()}
    parts = "   ".join(f"{who} {ms:.2f} ms" for who, ms in spent.items())
    print(f"{name:32} {parts}   sum {sum(spent.values()):.2f} ms   {number / seconds:.0f}/s")


def measure(arguments: argparse.Namespace, environment: dict[str, str], sink: Sink) -> None:
    """Print the cost of each kind of email, then the lag of an offer."""
    total = 0
    with (
        psycopg.connect(environment["DATABASE_OWNER_URL"], autocommit=True) as database,
        running("manage", "deliver_emails", **environment) as mailer,
    ):

        def send(what: str, number: int) -> Callable[[], None]:
            nonlocal total
            mailer.send_signal(signal.SIGSTOP)
            write(what, number, environment)
            database.execute("ANALYZE")
            total += number

            def work() -> None:
                mailer.send_signal(signal.SIGCONT)
                sink.await_emails(total)

            return work

        meters = {
            "mailer": lambda: cpu_seconds(mailer.pid),
            "PostgreSQL": lambda: cpu_of_postgres(database),
        }
        for what, number in WARM_UP.items():
            send(what, number)()
        for what, name, number in (
            ("bookings", "confirmation with a ticket", arguments.bookings),
            ("offers", "offer", arguments.offers),
            ("news", "bulk mail", arguments.bookings),
        ):
            if number:
                report(name, number, send(what, number), meters)
        if arguments.bulk:
            work = send("news", arguments.bulk)
            mailer.send_signal(signal.SIGCONT)
            offer, _, written_at = write("offers", 1, environment).partition(" ")
            total += 1
            work()
            arrivals = sink.arrivals()
            at = arrivals[f"<{offer}@{environment['MAIL_HOST']}>"]
            behind = sum(1 for each in arrivals.values() if each > at)
            print(f"an offer before {behind} of {arguments.bulk} bulk mails: ", end="")
            print(f"sent {at - float(written_at):.2f} s after it was written")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--bookings", type=int, default=2000)
    parser.add_argument("--offers", type=int, default=500)
    parser.add_argument("--bulk", type=int, default=10_000)
    arguments = parser.parse_args()
    from evently.embedded.processes import choose_port

    port = choose_port(None, taken=set())
    with (
        throwaway_database() as base,
        tempfile.TemporaryDirectory() as folder,
        running("bench.mail_sink", str(port), f"{folder}/arrived", **os.environ),
    ):
        environment = base | {
            "EMAIL_URL": f"smtp://127.0.0.1:{port}",
            "DEVELOPMENT_ALLOWS": "DATABASE_URL,REDIS_URL,EMAIL_URL",
            "MAIL_HOST": "localhost",
            "PUBLIC_URL": "http://localhost:8000",
        }
        measure(arguments, environment, Sink(Path(folder) / "arrived"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
