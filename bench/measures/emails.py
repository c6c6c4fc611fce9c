"""Emails of bookings: rendered with tickets, sent over SMTP, each recorded as sent."""

import json
import subprocess
import sys
from functools import partial
from uuid import UUID

from bench.measures.base import Measure, Stage, Work
from bench.people import book_by_sql
from bench.stage.http_load import Outcome
from bench.stage.settling import settle

OF_BOOKINGS = """
    SELECT notification_id FROM message_keys
    WHERE user_id = ANY(%s) AND key = ANY(%s)
"""
DUE = "UPDATE notifications SET next_attempt_at = evently_clock() WHERE id = ANY(%s)"


def emails(stage: Stage, count: int) -> Work:
    """Return the delivery of confirmations whose rows exist already, from when they become due."""
    pairs = [(stage.event(number), stage.person(number).id) for number in range(count)]
    bookings = book_by_sql(stage.servers.database, pairs)
    keys = [f"booking_confirm:{booking}" for booking in bookings]
    people = list({person for _, person in pairs})
    rows = stage.servers.database.execute(OF_BOOKINGS, [people, keys]).fetchall()
    return partial(_deliver, stage, [row[0] for row in rows])


def _deliver(stage: Stage, notifications: list[UUID]) -> Outcome:
    """Let emails become due, and wait until they are sent. The time is between first and last."""
    stage.servers.sink.forget_times()
    stage.servers.database.execute(DUE, [notifications])
    settle(stage.servers)
    return Outcome(stage.servers.sink.seconds(), [0.0] * len(notifications))


def bare_smtp(stage: Stage, count: int) -> Work:
    """Return sending the last email over and over, over one connection, and nothing else."""
    return partial(_send_again, stage, count)


def _send_again(stage: Stage, count: int) -> Outcome:
    done = subprocess.run(
        [sys.executable, "-m", "bench.bare.smtp_client", str(stage.servers.sink.port), str(count)],
        input=stage.servers.sink.last_email(),
        check=True,
        capture_output=True,
    )
    found = json.loads(done.stdout)
    return Outcome(found["seconds"], [0.0] * count, worker_cpu=found["cpu"])


EMAIL, BARE_SMTP = "an email", "bare SMTP"

MEASURES = (
    Measure(EMAIL, emails, limit=BARE_SMTP),
    Measure(BARE_SMTP, bare_smtp),
)
