"""Send emails through two failing providers with a mailer that is killed, and count who was told.

    python -m bench.mail_kills [--emails 1000] [--seconds 75] [--seed 7]

Two mail servers refuse, defer, drop and hang by turns, while the mailer is killed and started
again. Then all is well, and once nothing is pending, each email must have arrived, and none twice
unless the delivery log says that it may be a repetition. Exits with 1 if one is missing or not
marked. The database's clock is fast, so that emails are tried again soon.
"""

import argparse
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing

import psycopg
from django.conf import settings

from bench.chaos.mail_server import FINE, MODES, TWICE, FaultySink
from bench.mail_cost import write
from bench.throwaway import ROOT, throwaway_database

FASTER = 20
# An error for an email that was taken is against the standard: no client can know of it.
FAULTS = [mode for mode in MODES if mode != TWICE]
# In this part of the turns of the two servers, the mailer is killed.
KILLED_PART = 0.4
SHORTEST_TURN_SECONDS, LONGEST_TURN_SECONDS = 2.0, 5.0
SETTLED_SECONDS = 300.0
PENDING = "SELECT count(*) FROM notifications WHERE status = 'pending'"
SENT = """
    SELECT '<' || notification_id || '@localhost>', provider, status,
        coalesce((metadata ->> 'maybeRepeated')::boolean, false)
    FROM email_delivery_log
"""


def trouble(
    chance: random.Random,
    seconds: float,
    sinks: tuple[FaultySink, FaultySink],
    start: Callable[[], "subprocess.Popen[bytes]"],
) -> tuple["subprocess.Popen[bytes]", int]:
    """Let the servers fail and kill the mailer for a while; return that of the end, and kills."""
    first, second = sinks
    mailer, kills, end = start(), 0, time.monotonic() + seconds
    while time.monotonic() < end:
        first.behave(chance.choice([*FAULTS, FINE]))
        second.behave(chance.choice([*FAULTS, FINE, FINE, FINE]))
        time.sleep(chance.uniform(SHORTEST_TURN_SECONDS, LONGEST_TURN_SECONDS))
        if chance.random() < KILLED_PART:
            mailer.send_signal(signal.SIGKILL)
            mailer.wait()
            mailer, kills = start(), kills + 1
    for sink in sinks:
        sink.behave(FINE)
    return mailer, kills


def settle(database: "psycopg.Connection[tuple[int]]") -> int:
    """Wait until nothing is pending; return how many are, if that takes too long."""
    deadline = time.monotonic() + SETTLED_SECONDS
    while (left := database.execute(PENDING).fetchall()[0][0]) and time.monotonic() < deadline:
        time.sleep(1)
    return left


def measure(arguments: argparse.Namespace) -> bool:
    """Print what became of the emails; return whether all is as it should be."""
    with (
        throwaway_database(fast_clock=FASTER) as base,
        closing(FaultySink()) as first,
        closing(FaultySink()) as second,
    ):
        environment = base | {
            "REDIS_URL": settings.REDIS_URL,
            "PUBLIC_URL": "http://localhost:8000",
            "EMAIL_PROVIDERS": f"main=smtp://127.0.0.1:{first.port}?per_second=200,"
            f"next=smtp://127.0.0.1:{second.port}",
        }
        tenth = arguments.emails // 10
        write("bookings", 3 * tenth, environment)
        write("offers", tenth, environment)
        write("news", arguments.emails - 4 * tenth, environment)

        def start() -> "subprocess.Popen[bytes]":
            command = [sys.executable, "-m", "manage", "deliver_emails"]
            return subprocess.Popen(command, cwd=ROOT, env=environment)

        with psycopg.connect(environment["DATABASE_OWNER_URL"], autocommit=True) as database:
            chance = random.Random(arguments.seed)
            mailer, kills = trouble(chance, arguments.seconds, (first, second), start)
            try:
                left = settle(database)
            finally:
                mailer.terminate()
                mailer.wait(60)
            rows = database.execute(SENT).fetchall()
        copies = Counter(first.copies()) + Counter(second.copies())
    missing = arguments.emails - sum(1 for name, *_ in rows if copies[name])
    twice = [is_marked for name, *_, is_marked in rows if copies[name] > 1]
    by_provider = Counter(provider for _, provider, status, _ in rows if status == "sent")
    print(f"{arguments.emails} emails, mailer killed {kills} times: sent by {dict(by_provider)}")
    print(f"{left} pending, {missing} missing, {len(twice)} twice, {twice.count(False)} unmarked")
    return not (left or missing or twice.count(False))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--emails", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=75.0)
    parser.add_argument("--seed", type=int, default=7)
    return int(not measure(parser.parse_args()))


if __name__ == "__main__":
    sys.exit(main())
