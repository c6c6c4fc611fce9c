"""Refusals while another session has locked the event's row, to which their log refers."""

from contextlib import contextmanager

import pytest
from django.db import connection, connections, transaction

from bookings import operations, tasks
from bookings.models import BookingAttempt
from evently.accounts.factories import UserFactory
from evently.origin import Origin
from evently.transactions import EventBusy
from events.factories import EventFactory
from notifications.tests.queues import taken_from_queues

pytestmark = [pytest.mark.django_db(transaction=True)]

ORIGIN = Origin(ip_address="192.0.2.1", user_agent="late")
TASK = "bookings.tasks.log_refused_attempt"


@contextmanager
def locked_elsewhere(event):
    """Lock an event's row as an administrator's session might, also against what refers to it."""
    with transaction.atomic(using="owner"):
        with connections["owner"].cursor() as cursor:
            cursor.execute("SELECT FROM events WHERE id = %s FOR UPDATE", [event.pk])
        yield


@pytest.fixture
def refusal():
    """Return an event, a user, and the arguments of the task of a refusal that was not logged."""
    taken_from_queues()
    event, user = EventFactory(), UserFactory()
    with connection.cursor() as cursor:
        cursor.execute("SET lock_timeout = '50ms'")
    with locked_elsewhere(event), pytest.raises(EventBusy):
        operations.book_seats(event_id=event.pk, user_id=user.pk, quantity=2, origin=ORIGIN)
    assert not BookingAttempt.objects.exists()
    ((name, arguments),) = taken_from_queues()
    assert name == TASK
    return event, user, arguments


def test_refusal_is_logged_once_the_event_is_free(refusal):
    event, user, arguments = refusal

    # Redelivered, after its worker was killed.
    for _ in range(2):
        tasks.log_refused_attempt(*arguments)

    attempt = BookingAttempt.objects.get()
    assert (attempt.event_id, attempt.user_id, attempt.quantity) == (event.pk, user.pk, 2)
    assert (attempt.result, attempt.failure_reason) == ("failed", "event_busy")
    assert (attempt.ip_address, attempt.user_agent) == ("192.0.2.1", "late")
    assert attempt.attempted_at.isoformat() == arguments[-1]


def test_task_tries_again_while_the_event_is_locked(refusal):
    event, _, arguments = refusal

    with locked_elsewhere(event), pytest.raises(EventBusy):
        tasks.log_refused_attempt.run.__wrapped__(*arguments)

    assert EventBusy in tasks.log_refused_attempt.autoretry_for


def test_refusal_of_a_deleted_event_leaves_no_row(refusal):
    event, _, arguments = refusal
    event.delete()

    tasks.log_refused_attempt(*arguments)

    assert not BookingAttempt.objects.exists()
