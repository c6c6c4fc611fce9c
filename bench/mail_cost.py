"""Measure the CPU time of an email, and how long an offer waits behind bulk mail.

    python -m bench.mail_cost [--bookings 2000] [--offers 500] [--bulk 10000]

Runs a mailer on a database of its own, and a real mail server. Confirmations with tickets, and
offers, are written while the mailer is stopped; then it sends them. CPU is that of the mailer and
of all of PostgreSQL, from /proc; each email is finished by itself.
"""

import argparse
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any

import psycopg

from bench.stage.cpu import running_processes
from bench.stage.smtp_sink import Sink
from bench.throwaway import ROOT, throwaway_database

# QR codes are drawn faster once a few hundred are known.
WARM_UP = {"bookings": 300, "offers": 60, "news": 60}
PATIENCE_SECONDS = 600


def cpu_of_postgres(database: "psycopg.Connection[Any]") -> float:
    """Return the CPU time of a server and all its processes, those that have ended included."""
    processes = running_processes()
    postmaster = processes[database.info.backend_pid].parent
    living = (each.own_seconds for each in processes.values() if each.parent == postmaster)
    return processes[postmaster].seconds + sum(living)


def await_emails(sink: Sink, number: int) -> None:
    """Wait until so many emails have arrived. Exits where that takes too long."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while (arrived := sink.emails()) < number:
        if time.monotonic() > deadline:
            raise SystemExit(f"Only {arrived} of {number} emails have arrived.")
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
                await_emails(sink, total)

            return work

        meters = {
            "mailer": lambda: running_processes()[mailer.pid].own_seconds,
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
    with throwaway_database() as base, closing(Sink()) as sink:
        environment = base | {
            "EMAIL_URL": f"smtp://127.0.0.1:{sink.port}",
            "DEVELOPMENT_ALLOWS": "DATABASE_URL,REDIS_URL,EMAIL_URL",
            "MAIL_HOST": "localhost",
            "PUBLIC_URL": "http://localhost:8000",
        }
        measure(arguments, environment, sink)
    return 0


if __name__ == "__main__":
    sys.exit(main())
