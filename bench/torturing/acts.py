"""What the processes do: operations chosen at random, on rows chosen at random."""

import random
import time
import traceback
from collections import Counter, defaultdict
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from multiprocessing.queues import Queue
from typing import Any
from uuid import UUID, uuid4

from django.db import connection, connections
from psycopg import errors as pg

from bookings import operations as bookings
from boxoffice.lifecycle import operations as lifecycle
from evently.accounts.models import Role, User
from evently.database.clock import now
from evently.errors import DomainError
from evently.idempotency.keys import Idempotency, Replayed
from evently.origin import Origin
from evently.transactions import EventBusy
from events import operations as events
from events.models import Event, EventStatus
from waitlists import operations as waitlists

EVENTS, PEOPLE, SEATS, MOST_PER_PERSON = 3, 150, 24, 6
ORIGIN = Origin(ip_address="192.0.2.1", user_agent="torture")


class NoRow(Exception):
    """There was no row to act on."""


def pick(query: str, *parameters: Any) -> tuple[Any, ...]:
    """Return a random row of a query. Raises NoRow."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM ({query}) q ORDER BY random() LIMIT 1", parameters)
        row = cursor.fetchone()
    if row is None:
        raise NoRow
    return row


def an_event() -> UUID:
    return pick("SELECT id FROM events WHERE status = 'active' AND published_at IS NOT NULL")[0]


def a_person() -> UUID:
    """Return the id of a user other than the organizer."""
    return pick("SELECT id FROM users WHERE role = 'user' AND deleted_at IS NULL")[0]


def make_person(role: str = Role.USER) -> UUID:
    return User.objects.create_user(
        email=f"{uuid4().hex}@example.org",
        name="P",
        role=role,
        email_verified_at=datetime.now(UTC),
    ).pk


def organizer() -> UUID:
    return pick("SELECT id FROM users WHERE role = 'admin'")[0]


def make_event() -> None:
    """Publish an event if fewer than `EVENTS` are active."""
    if Event.objects.filter(status=EventStatus.ACTIVE).count() >= EVENTS:
        raise NoRow
    put_on_sale(seats=SEATS)


def put_on_sale(*, seats: int) -> UUID:
    """Create and publish an event, and return its id."""
    by_id, moment = organizer(), now()
    # In a time zone where it is morning: offers made at night stay open until the morning.
    hours_ahead = max(9 - moment.hour, -12)
    event = events.create_event(
        by_id=by_id,
        name="Torture",
        venue="Cellar",
        event_date=moment + timedelta(days=365),
        timezone=f"Etc/GMT{-hours_ahead:+d}" if hours_ahead else "UTC",
        total_capacity=seats,
        base_price=Decimal(20),
        max_per_person=MOST_PER_PERSON,
        promotion_window_minutes=2,
    )
    events.publish_event(event_id=event.pk)
    return event.pk


def book() -> None:
    """Book at a shown price that is sometimes below the current one."""
    bookings.book_seats(
        event_id=an_event(),
        user_id=a_person(),
        quantity=random.choice([1, 1, 1, 2, 3, 4]),
        unit_price=Decimal(random.choice([20, 40, 40, 40])),
        origin=ORIGIN,
    )


def book_twice() -> None:
    """Book with an idempotency key that other processes use in the same second."""
    event_id, second = an_event(), int(time.time())
    (user_id,) = pick("SELECT id FROM users WHERE role = 'user' ORDER BY id LIMIT 1")
    bookings.book_seats(
        event_id=event_id,
        user_id=user_id,
        quantity=1,
        unit_price=Decimal(40),
        origin=ORIGIN,
        idempotency=Idempotency(
            user_id, f"{event_id}{second}", "POST", "/", "digest", lambda _: (201, {})
        ),
    )


def cancel() -> None:
    """Cancel a booking, sometimes one that is already cancelled."""
    event_id, booking_id = pick(
        "SELECT event_id, id FROM bookings WHERE status <> 'cancelled' OR random() < 0.02"
    )
    bookings.cancel_booking(
        event_id=event_id, booking_id=booking_id, by=bookings.Canceller.ATTENDEE
    )


def join() -> None:
    quantity = random.randint(1, 4)
    waitlists.join_waitlist(
        event_id=an_event(),
        user_id=a_person(),
        quantity=quantity,
        min_quantity=random.randint(1, quantity),
        unit_price=Decimal(1_000_000),
        as_guest=random.random() < 0.2,
    )


def confirm() -> None:
    event_id, entry_id = an_entry()
    waitlists.confirm_entry(event_id=event_id, entry_id=entry_id)


def an_entry() -> tuple[UUID, UUID]:
    """Return event and id of a current waitlist entry, sometimes of a former one."""
    return pick(
        "SELECT event_id, id FROM waitlists WHERE status IN ('waiting', 'promoted')"
        " OR random() < 0.02"
    )


def leave() -> None:
    event_id, entry_id = an_entry()
    waitlists.leave_waitlist(event_id=event_id, entry_id=entry_id)


def place_entry() -> None:
    event_id, entry_id = an_entry()
    waitlists.place_entry(
        event_id=event_id, entry_id=entry_id, position=random.randint(1, 5), reason="torture"
    )


def offer_by_hand() -> None:
    event_id, entry_id = an_entry()
    waitlists.offer_by_hand(
        event_id=event_id,
        entry_id=entry_id,
        quantity=random.randint(1, 4),
        reason="torture",
        add_seats=random.random() < 0.2,
    )


def an_offer() -> tuple[UUID, UUID]:
    """Return event and id of an open offer, sometimes of one that has ended."""
    return pick(
        "SELECT event_id, id FROM waitlist_promotions WHERE status = 'pending' OR random() < 0.02"
    )


def accept() -> None:
    event_id, promotion_id = an_offer()
    waitlists.accept_promotion(
        event_id=event_id,
        promotion_id=promotion_id,
        origin=ORIGIN,
        quantity=random.choice([None, None, 1, 2]),
    )


def decline() -> None:
    event_id, promotion_id = an_offer()
    waitlists.decline_promotion(event_id=event_id, promotion_id=promotion_id)


def expire() -> None:
    """Expire the overdue offers of an event."""
    waitlists.expire_promotions(event_id=an_event())


def repair() -> None:
    waitlists.repair_waitlist(event_id=an_event())


def edit() -> None:
    """Change an event's capacity, price or name."""
    event = Event.objects.filter(pk=an_event()).first()
    if event is None:
        raise NoRow
    changes: dict[str, Any] = random.choice(
        [
            {"total_capacity": event.total_capacity + random.choice([-3, -1, 1, 3])},
            {"current_price": Decimal(random.choice([20, 30, 40]))},
            {"name": f"Torture {datetime.now(UTC):%S}"},
            {"max_passes": random.choice([0, 3, 3, None])},
        ]
    )
    if changes.get("total_capacity", SEATS) > SEATS * 2:
        changes = {"total_capacity": SEATS}
    events.edit_event(event_id=event.pk, version=event.version, **changes)


def delete_person() -> None:
    """Delete or erase a user, and create another one."""
    try:
        random.choice([lifecycle.delete_person, lifecycle.erase_person])(user_id=a_person())
    finally:
        make_person()


def cancel_event() -> None:
    """Cancel an event, including its bookings and waitlist."""
    event_id = an_event()
    lifecycle.cancel_event(event_id=event_id, reason="torture")
    lifecycle.continue_cancellation(event_id=event_id)


def delete_event() -> None:
    """Delete an event that others may book meanwhile; cancel it if they did."""
    event_id = put_on_sale(seats=2)
    time.sleep(random.uniform(0, 0.1))
    try:
        lifecycle.delete_event(event_id=event_id)
    except lifecycle.EventHasBookings:
        lifecycle.cancel_event(event_id=event_id)
        lifecycle.continue_cancellation(event_id=event_id)
        raise


ACTS: dict[Callable[[], None], float] = {
    book: 24,
    book_twice: 3,
    cancel: 14,
    join: 22,
    confirm: 5,
    leave: 5,
    accept: 10,
    decline: 4,
    expire: 4,
    repair: 1,
    place_entry: 4,
    offer_by_hand: 2,
    edit: 2,
    make_event: 1,
    delete_person: 1.5,
    cancel_event: 0.1,
    delete_event: 0.5,
}


def set_up() -> None:
    make_person(Role.ADMIN)
    for _ in range(PEOPLE):
        make_person()
    for _ in range(EVENTS):
        make_event()


def outcome_of(act: Callable[[], None], report: dict[str, Any]) -> str:
    """Run an act; return the code of its outcome."""
    try:
        act()
    except NoRow:
        return "nothing"
    except Replayed:
        return "replayed"
    except EventBusy as refusal:
        cause = refusal.__cause__
        if isinstance(cause and cause.__cause__, pg.DeadlockDetected):
            report["deadlocks_given_up"] += 1
        return refusal.code
    except DomainError as refusal:
        return refusal.code
    except Exception:  # noqa: BLE001  (anything else would be a 5xx response)
        report["crashes"].append(f"{act.__name__}: {traceback.format_exc()[-1800:]}")
        return "CRASH"
    return "ok"


def act_until(ends: float, number: int, queue: "Queue[dict[str, Any]]") -> None:
    """Act until then, and report; number: of the process."""
    random.seed(f"{number}/{ends}")
    report: dict[str, Any] = {"crashes": [], "deadlocks_given_up": 0}
    outcomes: dict[str, Counter[str]] = defaultdict(Counter)
    names, weights = list(ACTS), list(ACTS.values())
    while time.time() < ends:
        (act,) = random.choices(names, weights)
        outcomes[act.__name__][outcome_of(act, report)] += 1
    connections.close_all()
    queue.put(report | {"outcomes": outcomes, "crashes": report["crashes"][:20]})
