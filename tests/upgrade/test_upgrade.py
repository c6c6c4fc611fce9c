"""A database of an earlier version, with all kinds of rows, survives the upgrade and works on.

Each dump in this folder is upgraded; docs/changing-the-database.md says how to add one.
"""

from io import StringIO

import psycopg
import pytest
from django.core.management import call_command
from django.db import DatabaseError, connections
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader
from psycopg.errors import InsufficientPrivilege

from bookings.models import Booking
from bookings.operations import Canceller, book_seats, cancel_booking
from evently.accounts.models import User
from evently.database.versioned import source
from evently.origin import Origin
from evently.privacy.addresses import digest_of_address
from evently.row_security.checks import check_login
from evently.tests.database import url_of
from evently.tests.functions import definitions, files
from events.models import Event
from notifications.models import EmailDelivery, Notification
from notifications.operations.taking import take
from tests.upgrade.conftest import content_of
from tests.upgrade.invariants import INVARIANTS, STATES
from tests.upgrade.restoring import DUMPS, connect, django_in
from waitlists.models import EntryStatus, Promotion, PromotionStatus, WaitlistEntry
from waitlists.operations import expire_promotions, leave_waitlist

ORIGIN = Origin(ip_address="203.0.113.9", user_agent="test")
# Tables that `migrate` itself writes, and the log that a data migration's changes go to.
MAY_GROW = {
    "public.audit_log",
    "public.auth_permission",
    "public.django_content_type",
    "public.django_migrations",
    # notifications 0006 adds new versions of default templates that are still unedited.
    "public.email_templates",
}


def stop_clock(name, moment):
    """Stop the clock of a database."""
    with connect(name) as connection:
        connection.execute(
            "CREATE OR REPLACE FUNCTION evently_clock() RETURNS timestamptz LANGUAGE sql STABLE"
            f" PARALLEL SAFE AS $$ SELECT timestamptz '{moment.isoformat()}' $$"
        )


def test_there_is_a_dump():
    assert DUMPS


@pytest.mark.parametrize("table", STATES)
def test_dump_holds_all_states(table, restored):
    with connect(restored) as connection:
        found = connection.execute(f"SELECT DISTINCT status FROM {table}").fetchall()
    assert {status for (status,) in found} == STATES[table]


def test_functions_in_the_dump_are_versions_on_file(restored):
    with connect(restored) as connection:
        installed = definitions(connection)
        unknown = [
            name
            for name, (app, file, numbers) in files().items()
            if name in installed
            and not any(
                installed[name] == _installed_by(connection, name, source(app, file, number))
                for number in numbers
            )
        ]
    assert unknown == [], "a file that a landed migration names was edited"


def _installed_by(connection, name, text):
    """Return what a file would install under a name."""
    with connection.transaction(force_rollback=True):
        connection.execute(text)
        return definitions(connection).get(name)


def test_migrations_in_the_dump_are_still_there(upgraded):
    known = MigrationLoader(None).disk_migrations
    assert upgraded.dumped.migrations <= set(known)


def test_migrate_applies_all_later_migrations(upgraded):
    with django_in(upgraded.name):
        executor = MigrationExecutor(connections["owner"])
        assert executor.migration_plan(executor.loader.graph.leaf_nodes()) == []
        later = set(executor.loader.graph.nodes) - upgraded.dumped.migrations
    assert content_of(upgraded.name).migrations == upgraded.dumped.migrations | later


def test_upgrade_keeps_all_rows(upgraded):
    before, after = upgraded.dumped.counts, content_of(upgraded.name).counts
    changed = {
        table: (count, after.get(table))
        for table, count in before.items()
        if after.get(table) != count and not (table in MAY_GROW and after.get(table, 0) > count)
    }
    assert changed == {}


def test_upgrade_leaves_messages_as_they_were(upgraded):
    assert content_of(upgraded.name).messages == upgraded.dumped.messages


@pytest.mark.parametrize("name", INVARIANTS)
def test_invariant_holds(name, upgraded):
    with connect(upgraded.name) as connection:
        assert connection.execute(INVARIANTS[name]).fetchall() == []


def test_sealed_values_open(upgraded):
    with django_in(upgraded.name):
        users = list(User.objects.with_keys())
        here = [user for user in users if user.deleted_at is None]
        erased = [user for user in users if user.deleted_at is not None]
        assert [user.pk for user in here if not user.name or not user.email] == []
        assert [u.pk for u in here if u.email_digest != digest_of_address(u.email)] == []
        assert {user.name for user in erased} == {""}
        emails = EmailDelivery.objects.filter(user__in=here).select_related("user__person_key")
        assert {email.recipient for email in emails} <= {user.email for user in here}


def test_application_may_change_rows_but_not_tables(upgraded):
    role = connections["default"].settings_dict["USER"]
    if role == connections["owner"].settings_dict["USER"]:
        pytest.skip("one role does everything here")
    with django_in(upgraded.name), connections["default"].cursor() as cursor:
        cursor.execute("UPDATE users SET updated_at = updated_at WHERE false")
        for statement in (
            "TRUNCATE bookings",
            "ALTER TABLE events DISABLE TRIGGER ALL",
            "DELETE FROM audit_log",
            "SELECT * FROM secrets.booking_reference_key",
            "SELECT evently_move_seats(id, 1) FROM events",
        ):
            with pytest.raises(DatabaseError) as refusal:
                cursor.execute(statement)
            assert isinstance(refusal.value.__cause__, InsufficientPrivilege), statement


def test_seats_are_booked_and_cancelled_after_the_upgrade(copy_of_upgraded, broker):
    event = Event.objects.filter(name="Open air").get()
    user = User.objects.get(email_digest=digest_of_address("attendee40@example.org"))

    booking = book_seats(event_id=event.pk, user_id=user.pk, quantity=2, origin=ORIGIN)

    assert not Booking.objects.exclude(pk=booking.pk).filter(
        booking_reference=booking.booking_reference
    )
    assert booking.tickets.filter(event_id=event.pk).count() == 2
    assert Event.objects.get(pk=event.pk).available_seats == event.available_seats - 2

    cancel_booking(event_id=event.pk, booking_id=booking.pk, by=Canceller.ATTENDEE)

    assert Event.objects.get(pk=event.pk).available_seats == event.available_seats
    assert Notification.objects.filter(user=user, type="cancellation", status="pending").exists()


def test_waitlist_moves_on_after_the_upgrade(copy_of_upgraded, broker):
    event = Event.objects.get(name="Premiere")
    waiting = WaitlistEntry.objects.filter(event=event, status=EntryStatus.WAITING)
    first = waiting.order_by("position")[0]
    seats = event.available_seats

    for booking in Booking.objects.filter(event=event).holding_seats().order_by("id"):
        cancel_booking(event_id=event.pk, booking_id=booking.pk, by=Canceller.ORGANIZER)
        seats += booking.quantity
        if seats >= first.min_quantity:
            break

    offer = Promotion.objects.get(waitlist=first, status=PromotionStatus.PENDING)
    assert first.min_quantity <= offer.quantity <= first.quantity
    leave_waitlist(event_id=event.pk, entry_id=first.pk)
    first.refresh_from_db()
    assert first.status == EntryStatus.LEFT
    for name in ("seats_balance", "positions_are_ranks", "promoted_while_promotion_is_pending"):
        with connect(copy_of_upgraded) as connection:
            assert connection.execute(INVARIANTS[name]).fetchall() == []


def test_overdue_promotions_expire_after_the_upgrade(copy_of_upgraded, broker):
    pending = Promotion.objects.filter(status=PromotionStatus.PENDING).order_by("-expires_at")
    last = pending[0]
    overdue = list(pending.filter(event_id=last.event_id))
    # Those whose email waits get twice their time.
    stop_clock(
        copy_of_upgraded,
        max(one.expires_at + (one.expires_at - one.promoted_at) for one in overdue),
    )

    assert expire_promotions(event_id=last.event_id) == len(overdue)


def test_pending_messages_are_taken_and_no_others(copy_of_upgraded):
    pending = Notification.objects.filter(status="pending")
    stop_clock(copy_of_upgraded, max(pending.values_list("next_attempt_at", flat=True)))

    wanted = set(pending.values_list("pk", flat=True))
    assert {each.pk for each in take(most=10_000)} == wanted


def test_login_works_as_in_the_release_before_until_it_is_closed(copy_of_upgraded):
    if connections["default"].settings_dict["USER"] == connections["owner"].settings_dict["USER"]:
        pytest.skip("one role does everything here")
    with psycopg.connect(url_of(), autocommit=True) as earlier:
        assert earlier.execute("SELECT count(*) FROM bookings").fetchone()[0] > 0
        assert [one.id for one in check_login(None, ["default"])] == ["evently.W004"]

        call_command("close_login", stdout=StringIO())

        with pytest.raises(InsufficientPrivilege):
            earlier.execute("SELECT count(*) FROM bookings")
    assert check_login(None, ["default"]) == []
    assert Booking.objects.exists()
