"""Measure what an email costs while 100,000 wait, and whether the mailer's memory stays the same.

    python -m bench.mail_queue [--waiting 100000] [--emails 2000] [--all]

Runs a mailer on a database of its own, and a real mail server. Bulk mails are sent, first while
hardly any others wait, then while 100,000 do; with --all, until none are left. CPU is that of the
mailer (an email rendered, handed over and recorded) and of all of PostgreSQL. Exits with 1 if the
mailer's share of an email is more than 4 ms of CPU, or its memory grows by more than a tenth: with
what waits, or with what was sent, from 20,000 emails on. Before, it opens connections and fills
caches.
"""

import argparse
import os
import sys
import time
from contextlib import closing
from typing import Any

import psycopg

from bench.mail_cost import await_emails, cpu_of_postgres, running, write
from bench.stage.cpu import proportional_bytes, seconds_of
from bench.stage.servers import production
from bench.stage.smtp_sink import Sink
from bench.throwaway import throwaway_database

MOST_MS = 4.0
MOST_GROWTH = 1.1
WARM_UP = 500
# Of PUBLIC_URL; no web server runs.
PORT = 8000
STEP, SETTLED = 10_000, 20_000
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
    steps = []
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
                    steps.append(megabytes(mailer.pid))
                    print(f"{sent:7,} sent: the mailer has {steps[-1]:.0f} MB", flush=True)
    (few_ms, few), (many_ms, many) = found
    settled = steps[SETTLED // STEP - 1 :] or [many]
    growths = many / few, settled[-1] / settled[0]
    print(f"with what waits: CPU of the mailer × {many_ms / few_ms:.2f}, memory × {growths[0]:.2f}")
    print(f"with what was sent: memory × {growths[1]:.2f}")
    return max(growths) <= MOST_GROWTH and max(few_ms, many_ms) <= MOST_MS


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--waiting", type=int, default=100_000)
    parser.add_argument("--emails", type=int, default=2000)
    parser.add_argument("--all", action="store_true", help="send all that wait (two minutes)")
    arguments = parser.parse_args()
    with closing(Sink()) as sink:
        # In production: development keeps statements, for its error pages. Also read on the way.
        os.environ.update(production(PORT, sink.port))
        with throwaway_database() as base:
            # As the supervisor starts it.
            return int(not measure(arguments, base | {"MALLOC_ARENA_MAX": "2"}, sink))


if __name__ == "__main__":
    sys.exit(main())
