"""Measure how late offers and tickets are while bulk mail waits.

    python -m bench.mail_rush [--bulk 10000] [--number 60] [--only limit]

Runs a mailer on a database of its own, and real mail servers: one provider; one that has hung since
a while, before one that answers; one with a limit per second. Bulk mail is written first, then
offers and tickets become due one by one. Exits with 1 if the 95th percentile of offers is 2 s or
more.
"""

import argparse
import sys
import time
from collections.abc import Sequence
from contextlib import closing
from statistics import quantiles

import psycopg
from django.conf import settings

from bench.chaos.mail_server import HANGS, FaultySink
from bench.mail_cost import PATIENCE_SECONDS, running, write
from bench.stage.smtp_sink import Sink
from bench.throwaway import throwaway_database

MOST_SECONDS = 2.0
# The mailer has started by then, and knows whether a provider hangs.
STARTS_AFTER_SECONDS = {"one": 10.0, "hangs": 50.0, "limit": 10.0}
SPACING_SECONDS = 0.4
PACE_SECONDS = 5.0
PER_SECOND = 50
SCENARIOS = ("one", "hangs", "limit")
# When each notification of a kind is due, one after the other; returns their ids and times.
SPREAD = """
    UPDATE notifications SET next_attempt_at = to_timestamp(%(start)s + spread.number * %(spacing)s)
    FROM (SELECT id, row_number() OVER (ORDER BY id) AS number
        FROM notifications WHERE type = ANY(%(types)s) AND status = 'pending') AS spread
    WHERE notifications.id = spread.id
    RETURNING notifications.id, extract(epoch FROM next_attempt_at)::float8
"""


def providers_of(scenario: str, sink: Sink, hanging: FaultySink) -> str:
    """Return EMAIL_PROVIDERS."""
    if scenario == "hangs":
        hanging.behave(HANGS)
        return f"main=smtp://127.0.0.1:{hanging.port},next=smtp://127.0.0.1:{sink.port}"
    limit = f"?per_second={PER_SECOND}" if scenario == "limit" else ""
    return f"{scenario}=smtp://127.0.0.1:{sink.port}{limit}"


def delays(
    due: Sequence[tuple[object, float]], sink: Sink, host: str, *, since: float
) -> list[float]:
    """Return how late each notification's email arrived, in seconds, once all have arrived.

    since: the wall clock's time at the zero of the monotonic one.
    """
    deadline = time.monotonic() + PATIENCE_SECONDS
    wanted = {f"<{id_}@{host}>": at for id_, at in due}
    while not wanted.keys() <= (arrivals := sink.arrivals()).keys():
        if time.monotonic() > deadline:
            raise SystemExit(f"{len(wanted.keys() - arrivals.keys())} emails have not arrived.")
        time.sleep(0.5)
    return sorted(since + arrivals[name] - at for name, at in wanted.items())


def measure(scenario: str, arguments: argparse.Namespace) -> float:
    """Print how late offers and tickets are; return the 95th percentile of offers."""
    with (
        throwaway_database() as base,
        closing(Sink()) as sink,
        closing(FaultySink()) as hanging,
    ):
        environment = base | {
            "REDIS_URL": settings.REDIS_URL,
            "EMAIL_PROVIDERS": providers_of(scenario, sink, hanging),
            "PUBLIC_URL": "http://localhost:8000",
        }
        for what, number in (
            ("offers", arguments.number),
            ("bookings", arguments.number),
            ("news", arguments.bulk),
        ):
            write(what, number, environment)
        since = time.time() - time.monotonic()
        start = time.time() + STARTS_AFTER_SECONDS[scenario]
        with psycopg.connect(environment["DATABASE_OWNER_URL"], autocommit=True) as database:
            due = {
                name: database.execute(
                    SPREAD, {"start": start, "spacing": SPACING_SECONDS, "types": types}
                ).fetchall()
                for name, types in (
                    ("offers", ["waitlist_promotion"]),
                    ("tickets", ["booking_confirm"]),
                )
            }
        p95 = {}
        with running("manage", "deliver_emails", **environment):
            for name, rows in due.items():
                found = delays(rows, sink, "localhost", since=since)
                p95[name] = quantiles(found, n=20)[-1]
                print(
                    f"{scenario:8} {name:8} {len(found)} emails: median "
                    f"{found[len(found) // 2]:.2f} s, 95th percentile {p95[name]:.2f} s, most "
                    f"{found[-1]:.2f} s"
                )
            before = sink.emails()
            time.sleep(PACE_SECONDS)
            pace = (sink.emails() - before) / PACE_SECONDS
            bulk = sink.emails() - sum(map(len, due.values()))
        print(
            f"{scenario:8} {bulk} of {arguments.bulk} bulk mails by then, {pace:.0f}/s at the end"
        )
        return p95["offers"]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--bulk", type=int, default=10_000)
    parser.add_argument("--number", type=int, default=60)
    parser.add_argument("--only", choices=SCENARIOS)
    arguments = parser.parse_args()
    chosen = [arguments.only] if arguments.only else SCENARIOS
    return int(max(measure(scenario, arguments) for scenario in chosen) >= MOST_SECONDS)


if __name__ == "__main__":
    sys.exit(main())
