"""Kill all that an email needs, at random, while 1,000 people are to be told, and count who was.

    python -m bench.mail_kills [--emails 1000] [--seconds 120] [--seed 7]

Runs a whole Evently in production with two providers: a mail server, and an email service over
HTTP. Tickets, offers, that an event is cancelled, which the worker tells all its people, and what
an organizer has written to theirs are to be emailed. Meanwhile both providers refuse, defer, drop
and hang by turns, and worker, mailer, scheduler, broker and database are killed. Then all is well,
and once nothing is pending, each person must have been told, and none twice unless the delivery log
says that it may be a repetition.
Exits with 1 if not.
"""

import argparse
import os
import random
import signal
import sys
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from uuid import UUID

import psycopg

from bench.chaos.http_service import FaultyService
from bench.chaos.mail_server import FINE, MODES, TWICE, FaultySink
from bench.chaos.parts import Part
from bench.chaos.settling import HURRY
from bench.chaos.site import Site
from bench.stage.servers import FUNCTIONS, evently_running, production
from evently.embedded.processes import choose_port
from evently.tests.running import home_for_tests

# An error for an email that was taken is against the standard: no client can know of it.
FAULTS = [mode for mode in MODES if mode != TWICE]
KILLED = (
    Part.MAILER,
    Part.WORKER,
    Part.DATABASE,
    Part.BROKER,
    Part.URGENT_WORKER,
    Part.SCHEDULER,
)
SHORTEST_TURN_SECONDS, LONGEST_TURN_SECONDS = 1.5, 4.0
SETTLED_SECONDS = 300.0
# Without progress for so long, what waits for its next attempt is tried now.
STEADY_SECONDS = 3.0
PENDING = "SELECT count(*) FROM notifications WHERE status = 'pending'"
# Of bookings by SQL: their emails are put off for a hundred years.
NOT_WANTED = "UPDATE notifications SET status = 'sent' WHERE event_id = %s AND status = 'pending'"
TOLD = """
    SELECT n.user_id, n.type, n.id::text, coalesce(e.provider, ''),
        coalesce((e.metadata ->> 'maybeRepeated')::boolean, false)
    FROM notifications n LEFT JOIN email_delivery_log e ON e.notification_id = n.id
"""
TICKET, OFFER = "booking_confirm", "waitlist_promotion"
OFF, WRITTEN = "event_cancelled", "organizer_message"


@dataclass
class Stage:
    """What a run works on. wanted: who is to be told of what."""

    site: Site
    service: FaultyService
    wanted: set[tuple[UUID, str]]


@contextmanager
def stage(*, per_second: int) -> Iterator[Stage]:
    """Run a whole Evently with two providers, each with a limit; leave nothing running."""
    port = choose_port(None, taken=set())
    with closing(FaultySink()) as sink, closing(FaultyService()) as service:
        environment = production(port, sink.port)
        del environment["EMAIL_URL"]
        # Nobody visits it.
        environment |= {"WEB_WORKERS": "1", "WEB_THREADS": "2", "TASK_WORKERS": "1"}
        environment["EMAIL_PROVIDERS"] = (
            f"smtp://127.0.0.1:{sink.port}?per_second={per_second},"
            f"sendgrid://?api_key=SG.key&api_url={service.url}&per_second={per_second}"
        )
        with (
            home_for_tests(started_before=True) as home,
            evently_running(environment, home, port) as running,
        ):
            try:
                from bench.people import create_organizer

                with running.database() as database:
                    database.execute(FUNCTIONS.read_text())
                site = Site(running, sink, [], create_organizer())
                site.await_whole()
                yield Stage(site, service, set())
            finally:
                running.kill_everything()


def write(stage: Stage, emails: int) -> None:
    """Write a tenth of offers, two of tickets, and to the people of two events.

    One of these is cancelled. To those of the other, their organizer writes.
    """
    from bench.people import book_by_sql, create_users, event_on_sale
    from bookings.operations import book_seats
    from boxoffice.lifecycle.operations import cancel_event
    from evently.origin import Origin
    from events.operations import edit_event
    from waitlists.operations import join_waitlist

    tenth = emails // 10
    prefix = uuid.uuid4().hex[:8]
    users = create_users(emails, prefix=prefix)
    waiting, buying, coming = users[:tenth], users[tenth : 3 * tenth], users[3 * tenth :]
    coming, reading = coming[::2], coming[1::2]
    sold_out, on_sale, off, on = (event_on_sale(seats=seats) for seats in (1, *[emails] * 3))
    with stage.site.database() as database:
        for event, people in ((off, coming), (on, reading)):
            book_by_sql(database, [(event.pk, user.pk) for user in people])
            database.execute(NOT_WANTED, [event.pk])
    (owner,) = create_users(1, prefix=f"{prefix}owner")
    book_seats(event_id=sold_out.pk, user_id=owner.pk, quantity=1, origin=Origin())
    for user in waiting:
        join_waitlist(event_id=sold_out.pk, user_id=user.pk, quantity=1)
    for user in buying:
        book_seats(event_id=on_sale.pk, user_id=user.pk, quantity=1, origin=Origin())
    edit_event(event_id=sold_out.pk, version=None, notify=False, total_capacity=1 + tenth)
    write_to_attendees(on.pk, by_id=on.created_by_id)
    cancel_event(event_id=off.pk, reason="The hall is closed.")
    for kind, people in ((OFFER, waiting), (TICKET, buying), (OFF, coming), (WRITTEN, reading)):
        stage.wanted |= {(user.pk, kind) for user in people}


def write_to_attendees(event_id: UUID, *, by_id: UUID) -> None:
    """Send a message to all who have booked."""
    from notifications.writing.beginning import send_now
    from notifications.writing.drafting import Draft, create_draft

    draft = Draft(subject="Doors", body="They open at seven.", audience="booked")
    message = create_draft(draft, event_id=event_id, by_id=by_id)
    send_now(event_id=event_id, message_id=message.pk)


def trouble(stage: Stage, chance: random.Random, seconds: float) -> Counter[str]:
    """Let providers fail and kill parts for a while; return how often each was killed."""
    kills: Counter[str] = Counter()
    deck: list[Part] = []
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        stage.site.mail.behave(chance.choice([*FAULTS, FINE]))
        stage.service.behave(chance.choice([*FAULTS, FINE, FINE]))
        # Each part once before any again.
        deck = deck or chance.sample(KILLED, len(KILLED))
        part = deck.pop()
        for pid in stage.site.processes(part)[:1]:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
                kills[part] += 1
        time.sleep(chance.uniform(SHORTEST_TURN_SECONDS, LONGEST_TURN_SECONDS))
    stage.site.mail.behave(FINE)
    stage.service.behave(FINE)
    return kills


def settle(stage: Stage) -> int:
    """Wait until all are told of what they are to be told; return how many emails are pending."""
    stage.site.await_whole()
    started = steady = time.monotonic()
    before = None
    with stage.site.database() as database:
        while True:
            ((pending,),) = database.execute(PENDING).fetchall()
            untold = len(stage.wanted - {(user, kind) for user, kind, *_ in told(database)})
            if not pending + untold or time.monotonic() - started > SETTLED_SECONDS:
                return pending
            if (pending, untold) != before:
                before, steady = (pending, untold), time.monotonic()
            elif time.monotonic() - steady > STEADY_SECONDS:
                steady = time.monotonic()
                for statement in HURRY:
                    database.execute(statement)
            time.sleep(1)


def told(
    database: "psycopg.Connection[tuple[UUID, str, str, str, bool]]",
) -> list[tuple[UUID, str, str, str, bool]]:
    """Return all messages: to whom, kind, id, provider, and whether it may be a repetition."""
    return database.execute(TOLD).fetchall()


def judge(stage: Stage, pending: int) -> bool:
    """Print what became of the emails; return whether all is as it should be."""
    host = "127.0.0.1"
    copies = stage.service.copies + Counter(stage.site.mail.copies())
    with stage.site.database() as database:
        rows = [row for row in told(database) if (row[0], row[1]) in stage.wanted]
    messages = Counter((user, kind) for user, kind, *_ in rows)
    arrived = {(user, kind) for user, kind, id_, *_ in rows if copies[f"<{id_}@{host}>"]}
    missing = len(stage.wanted - arrived)
    twice = [is_marked for _, _, id_, _, is_marked in rows if copies[f"<{id_}@{host}>"] > 1]
    again = sum(1 for number in messages.values() if number > 1)
    marked = sum(1 for *_, is_marked in rows if is_marked)
    by_provider = Counter(provider for _, _, _, provider, _ in rows)
    print(f"{len(stage.wanted)} people, emails by {dict(by_provider)}")
    print(
        f"{pending} pending, {missing} not told, {again} with two messages; "
        f"{len(twice)} emails arrived twice, {twice.count(False)} of them unmarked "
        f"({marked} marked that they may have)",
        flush=True,
    )
    return not (pending or missing or again or twice.count(False))


def measure(arguments: argparse.Namespace) -> bool:
    """Run it; return whether all is as it should be."""
    # So slowly that what is left is being sent all the time.
    per_second = max(round(arguments.emails / arguments.seconds), 5)
    with stage(per_second=per_second) as found:
        write(found, arguments.emails)
        kills = trouble(found, random.Random(arguments.seed), arguments.seconds)
        print("killed: " + ", ".join(f"{part} {count}×" for part, count in kills.items()))
        return judge(found, settle(found))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--emails", type=int, default=1000, help="at least 10")
    parser.add_argument("--seconds", type=float, default=120.0)
    parser.add_argument("--seed", type=int, default=7)
    # So that everything that was started ends with this process.
    for end in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(end, lambda number, _: sys.exit(128 + number))
    return int(not measure(parser.parse_args()))


if __name__ == "__main__":
    sys.exit(main())
