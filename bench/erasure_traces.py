"""A made-up person with traces everywhere, and the search for what is left of them."""

import re
from datetime import timedelta
from typing import get_args
from uuid import UUID

from cryptography.exceptions import InvalidTag
from django.db import connection

from bookings import operations as bookings
from evently.accounts.models import User
from evently.accounts.operations import issue_token
from evently.database.clock import now
from evently.origin import Origin
from evently.privacy.models import PersonKey
from evently.privacy.sealing import PREFIX, Purpose, open_quietly, unwrap
from events.models import Event, PaymentMode
from waitlists import operations as waitlists
from waitlists.models import WaitlistEntry

NAME, EMAIL = "Wilhelmina Oss", "wilhelmina@traces.example"
REASON = "lent the organizer a zanzibar sextant"
ADDRESS, BROWSER = "192.0.2.211", "Quadrant/9"
# In lower case.
WORDS = ("wilhelmina", "zanzibar", ADDRESS, "quadrant/9")
SEALED = re.compile(rf"{PREFIX}[A-Za-z0-9_-]{{38,}}")
TABLES = """
    SELECT format('%I.%I', schemaname, tablename) FROM pg_tables
    WHERE schemaname IN ('public', 'keys')
        AND has_table_privilege(format('%I.%I', schemaname, tablename), 'SELECT')
"""


def fill() -> UUID:
    """Create the person, among others; return the person's id."""
    ana = _user(NAME, EMAIL)
    others = [_user(f"Person {n}", f"person{n}@traces.example") for n in range(3)]
    origin = Origin(ip_address=ADDRESS, user_agent=BROWSER)
    elsewhere = Origin(ip_address="192.0.2.5", user_agent="Other")
    open_event, full = _event(others[0], seats=20), _event(others[0], seats=1)
    for user, event in ((others[1], open_event), (others[0], full)):
        bookings.book_seats(event_id=event.pk, user_id=user.pk, quantity=1, origin=elsewhere)
    issue_token(user_id=ana.pk, name="Zanzibar", scopes=("read",))
    kept = bookings.book_seats(event_id=open_event.pk, user_id=ana.pk, quantity=2, origin=origin)
    cancelled = bookings.book_seats(
        event_id=open_event.pk, user_id=ana.pk, quantity=1, origin=origin
    )
    bookings.cancel_booking(
        event_id=open_event.pk,
        booking_id=cancelled.pk,
        by=bookings.Canceller.ORGANIZER,
        reason=f"She {REASON}",
    )
    bookings.hand_over(
        event_id=open_event.pk,
        booking_id=kept.pk,
        ticket_ids=list(kept.tickets.values_list("pk", flat=True)[:1]),
        name=others[1].name,
        email=others[1].email,
    )
    entry = waitlists.join_waitlist(event_id=full.pk, user_id=ana.pk, quantity=1, timezone="UTC")
    WaitlistEntry.objects.filter(event_id=full.pk, pk=entry.pk).update(priority_reason=REASON)
    return ana.pk


def _user(name: str, email: str) -> User:
    user: User = User.objects.create_user(name=name, email=email, email_verified_at=now())
    return user


def _event(organizer: User, *, seats: int) -> Event:
    return Event.objects.create(
        name=f"Evening for {seats}",
        venue="Old Mill, Ghent",
        event_date=now() + timedelta(days=30),
        published_at=now() - timedelta(minutes=1),
        total_capacity=seats,
        max_per_person=4,
        payment_mode=PaymentMode.FREE,
        base_price=0,
        current_price=0,
        created_by=organizer,
    )


def _rows() -> list[tuple[str, str]]:
    """Return (table, row as text) of all rows that the application may read."""
    found = []
    with connection.cursor() as cursor:
        cursor.execute(TABLES)
        for (table,) in cursor.fetchall():
            cursor.execute(f"SELECT t::text FROM {table} t")
            found += [(table, row) for (row,) in cursor.fetchall()]
    return found


def plain() -> list[tuple[str, str]]:
    """Return (table, word) for each of the person's words in plain text."""
    return [(table, word) for table, row in _rows() for word in WORDS if word in row.lower()]


def opened() -> set[str]:
    """Return all texts that any key of the database opens, whosever and wherever they are."""
    sealed = {value for _, row in _rows() for value in SEALED.findall(row)}
    texts = set()
    for row in PersonKey.objects.all():
        key = unwrap(row.wrapped_key, row.wrapping_key_name, user_id=row.user_id)
        for value in sealed:
            for purpose in get_args(Purpose):
                try:
                    texts.add(open_quietly(key, user_id=row.user_id, purpose=purpose, sealed=value))
                except (InvalidTag, ValueError):
                    continue
    return texts


def others_are_readable() -> bool:
    """Return whether all users who are not erased have a name."""
    here = User.objects.with_keys().filter(deleted_at__isnull=True)
    return bool(here) and all(user.name for user in here)
