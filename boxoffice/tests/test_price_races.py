"""Price rules, edits and bookings at the same moment, in sessions of their own."""

import random
from datetime import timedelta
from decimal import Decimal

import psycopg
import pytest
from django.db import OperationalError, connection

from bookings.models import Booking
from bookings.operations import book_seats
from boxoffice.pricing.applying import apply_price_rule
from boxoffice.pricing.tasks import apply_price_rules
from boxoffice.tests.test_price_rules import book, price_of, ruled
from evently.errors import DomainError
from evently.origin import Origin
from evently.tests.database import AS_WORKER, as_owner
from evently.tests.rows import people
from evently.tests.running import wait_for
from evently.tests.sql import WAITING_SESSIONS
from evently.tests.together import run_together
from evently.transactions import EventBusy
from events.models import Event, PriceChange, PriceRule
from events.operations import edit_event, quote_price, resume_price_rule, save_price_rule

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.processes, pytest.mark.race]


def session():
    """Connect as the worker does, without Django."""
    parameters = connection.get_connection_params()
    wanted = ("host", "port", "dbname", "user", "password")
    chosen = {name: parameters[name] for name in wanted if name in parameters}
    return psycopg.connect(**chosen, options=AS_WORKER)


@pytest.fixture
def patient(settings):
    """Return what lets a function wait for locks for long: tests run on busy machines."""
    settings.LOCK_TIMEOUT = timedelta(seconds=30)

    def waiting(function):
        def run():
            with connection.cursor() as cursor:
                # Of a thread's own connection, which ends with it.
                cursor.execute("SET lock_timeout = '30s'")
            return function()

        return run

    return waiting


def assert_consistent(event, *, starts_at=Decimal(30)):
    """Assert that history, bounds and rule say the same of an event's price."""
    event, rule = Event.objects.get(pk=event.pk), PriceRule.objects.get(event_id=event.pk)
    changes = list(PriceChange.objects.filter(event_id=event.pk).order_by("applied_at", "id"))
    assert [starts_at, *(change.new_price for change in changes)] == [
        *(change.old_price for change in changes),
        event.current_price,
    ]
    bounds = (rule.floor, rule.ceiling) if rule.is_active else (None, None)
    assert (event.price_floor, event.price_ceiling) == bounds


@pytest.mark.slow
def test_whoever_touches_a_price_at_once_it_stays_consistent(patient):
    event = ruled(capacity=200, min_interval_minutes=5)
    book(event, 50)

    def sweep():
        for _ in range(4):
            apply_price_rules()

    def by_hand():
        for price in random.sample(range(22, 38), 4):
            change = {"current_price": Decimal(price), "price_reason": "Why not"}
            edit_event(event_id=event.pk, version=None, **change)
            resume_price_rule(event_id=event.pk, version=None)

    def settings_of_the_rule():
        for step in range(1, 5):
            save_price_rule(
                event_id=event.pk, version=None, enabled=step % 2 == 0, max_step=Decimal(step)
            )
        save_price_rule(event_id=event.pk, version=None, enabled=True)

    def buy():
        for user in people(6):
            quote = quote_price(event_id=event.pk, quantity=1, holder=str(user))
            made = book_seats(
                event_id=event.pk, user_id=user, quantity=1, origin=Origin(), quote=quote.token
            )
            assert made.unit_price <= quote.unit_price

    acts = (sweep, sweep, by_hand, settings_of_the_rule, buy, buy)
    outcomes = run_together(*map(patient, acts))

    # Nothing but a rule that was off when it was to be resumed.
    refused = {outcome.code for outcome in outcomes if isinstance(outcome, DomainError)}
    assert refused <= {"no_price_rule"}
    assert not any(isinstance(outcome, psycopg.Error) for outcome in outcomes)
    assert Booking.objects.filter(event=event).count() == 62
    assert_consistent(event)


def test_rule_is_edited_by_plain_sql_in_the_other_order_of_locks():
    event = ruled()
    outcome = []
    with session() as other:
        other.execute("UPDATE pricing_rules SET weight_sold = 60")

        def by_hand():
            change = {"current_price": Decimal(33), "price_reason": "Why not"}
            return edit_event(event_id=event.pk, version=None, **change)

        def bounds():
            # Once the operation has the event, and waits for the rule.
            assert wait_for(lambda: other.execute(WAITING_SESSIONS).fetchall())
            try:
                other.execute("UPDATE pricing_rules SET ceiling = 50")
                other.commit()
            except psycopg.errors.DeadlockDetected as error:
                other.rollback()
                outcome.append(error)

        changed, _ = run_together(by_hand, bounds)

    # One of the two was a deadlock's victim: the operation runs again, plain SQL is told.
    assert changed.current_price == price_of(event) == 33
    rule = PriceRule.objects.get()
    assert (rule.ceiling, rule.weight_sold) == ((40, 50) if outcome else (50, 60))
    assert rule.suspended_at is not None
    assert_consistent(event)


def test_sweep_waits_for_an_edit_of_the_rule_and_obeys_it(patient):
    event = ruled()
    book(event, 9)
    with session() as other:
        other.execute("UPDATE pricing_rules SET weight_sold = 0, weight_pace = 0")

        def commit():
            assert wait_for(lambda: other.execute(WAITING_SESSIONS).fetchall())
            other.commit()

        moved, _ = run_together(patient(lambda: apply_price_rule(event_id=event.pk)), commit)

    assert moved is None
    assert not PriceChange.objects.exists()
    apply_price_rules()
    assert price_of(event) == 30


def test_worker_that_is_killed_halfway_leaves_nothing_and_the_next_one_moves_the_price():
    event = ruled(capacity=100)
    book(event, 90)

    def worker():
        with pytest.raises(OperationalError, match="terminating connection"):
            apply_price_rule(event_id=event.pk)

    with as_owner() as owner, session() as other:
        # Between the price and its history.
        owner.execute("LOCK TABLE pricing_history IN EXCLUSIVE MODE")
        other.execute("SET ROLE NONE")

        def kill():
            found = wait_for(lambda: other.execute(WAITING_SESSIONS).fetchall())
            other.execute("SELECT pg_terminate_backend(%s)", found[0])

        run_together(worker, kill)

    assert price_of(event) == 30
    assert not PriceChange.objects.exists()
    apply_price_rules()
    assert price_of(event) == 32
    assert PriceChange.objects.count() == 1
    assert_consistent(event)


def test_sweep_passes_over_an_event_that_a_session_holds(settings):
    settings.LOCK_TIMEOUT = timedelta(milliseconds=1)
    held, free = ruled(), ruled()
    for event in (held, free):
        book(event, 9)
    with session() as other:
        other.execute("SELECT FROM pricing_rules WHERE event_id = %s FOR UPDATE", [held.pk])
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = '50ms'")
        with pytest.raises(EventBusy):
            apply_price_rule(event_id=held.pk)
        apply_price_rules()
    assert [price_of(event) for event in (held, free)] == [30, 32]
    apply_price_rules()
    assert price_of(held) == 32
