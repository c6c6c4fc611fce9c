"""Measure what an email costs while 100,000 wait, and whether the mailer's memory stays the same.

    python -m bench.mail_queue [--waiting 100000] [--emails 2000] [--all]

Runs a mailer on a database of its own, and a real mail server. Bulk mails are sent, first while
hardly any others wait, then while 100,000 do; with --all, until none are left. CPU is that of the
mailer (an email rendered, handed over and recorded) and of all of PostgreSQL. Exits with 1 if the
mailer's share of an email is more than 4 ms of CPU, or its memory grows by more than a tenth.
"""

import argparse
import sys
import time
from contextlib import closing
from typing import Any

import psycopg

from bench.mail_cost import await_emails, cpu_of_postgres, running, write
from bench.stage.cpu import proportional_bytes, seconds_of
from bench.stage.smtp_sink import Sink
from bench.throwaway import throwaway_database

MOST_MS = 4.0
MOST_GROWTH = 1.1
WARM_UP = 500
STEP = 10_000
# As many as the first ones, to the same people.
WAITING = """
    WITH message AS (
        INSERT INTO notifications (id, user_id, event_id, type, message, data)
        SELECT evently_uuid7(), first.user_id, first.event_id, first.type,
            first.message, first.data
        FROM (SELECT * FROM notifications WHERE type = 'event_changed' LIMIT 200) AS first
        CROSS JOIN generate_series(1, %s / 200)
        RETURNING id, user_id
    )
    INSERT INTO message_keys (user_id, key, notification_id) SELECT user_id, 'news:' || id, id
    FROM message
"""


def megabytes(pid: int) -> float:
    return proportional_bytes(pid) / 2**20


def cost(
    database: "psycopg.Connection[Any]", mailer: int, sink: Sink, emails: int
) -> tuple[float, float, float]:
    """Wait until so many more emails are sent; return ms of mailer and PostgreSQL, and per second.

    All per email; more may be sent than were asked for.
    """
    before = seconds_of(mailer), cpu_of_postgres(database), sink.emails(), time.monotonic()
    await_emails(sink, before[2] + emails)
    after = seconds_of(mailer), cpu_of_postgres(database), sink.emails(), time.monotonic()
    mailer_s, database_s, sent, seconds = (
        now - then for then, now in zip(before, after, strict=True)
    )
    return mailer_s / sent * 1000, database_s / sent * 1000, sent / seconds


def measure(arguments: argparse.Namespace, environment: dict[str, str], sink: Sink) -> bool:
    """Print what emails cost with few and many waiting; return whether all is within its limit."""
    with psycopg.connect(environment["DATABASE_OWNER_URL"], autocommit=True) as database:
        write("news", WARM_UP + arguments.emails, environment)
        database.execute("ANALYZE")
        found = []
        with running("manage", "deliver_emails", **environment) as mailer:
            await_emails(sink, WARM_UP)
            for waiting in (0, arguments.waiting):
                if waiting:
                    await_emails(sink, WARM_UP + arguments.emails)
                    database.execute(WAITING, [waiting])
                    database.execute("ANALYZE")
                # With few, all that are left; the last of them come one by one.
                mailer_ms, database_ms, rate = cost(
                    database, mailer.pid, sink, arguments.emails * 9 // 10
                )
                found.append((mailer_ms, megabytes(mailer.pid)))
                print(
                    f"{waiting:7,} more waiting: an email costs {mailer_ms:.2f} ms of the mailer "
                    f"and {database_ms:.2f} ms of PostgreSQL; {rate:.0f}/s; the mailer has "
                    f"{found[-1][1]:.0f} MB",
                    flush=True,
                )
            if arguments.all:
                for sent in range(STEP, arguments.waiting + 1, STEP):
                    await_emails(sink, WARM_UP + arguments.emails + sent)
                    found.append((found[-1][0], megabytes(mailer.pid)))
                    print(f"{sent:,} sent: the mailer has {found[-1][1]:.0f} MB", flush=True)
    growth = max(memory for _, memory in found) / found[0][1]
    print(f"memory: × {growth:.2f}; CPU of the mailer: × {found[1][0] / found[0][0]:.2f}")
    return growth <= MOST_GROWTH and max(ms for ms, _ in found) <= MOST_MS


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--waiting", type=int, default=100_000)
    parser.add_argument("--emails", type=int, default=2000)
    parser.add_argument("--all", action="store_true", help="send all that wait (two minutes)")
    arguments = parser.parse_args()
    with throwaway_database() as base, closing(Sink()) as sink:
        environment = base | {
            "EMAIL_URL": f"smtp://127.0.0.1:{sink.port}",
            "DEVELOPMENT_ALLOWS": "DATABASE_URL,REDIS_URL,EMAIL_URL",
            "PUBLIC_URL": "http://localhost:8000",
        }
        return int(not measure(arguments, environment, sink))


if __name__ == "__main__":
    sys.exit(main())
