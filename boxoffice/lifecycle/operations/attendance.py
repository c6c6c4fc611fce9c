"""Attendees who do not say whether they are still coming: asked again, and their seats returned.

Both wait until the question before has arrived. A person whom no question reached keeps the seats.
"""

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from uuid import UUID

from bookings.attendance_models import AttendanceCheck
from bookings.attendance_queries import open_checks
from bookings.locks import lock_booking
from bookings.operations import attendance as asking
from boxoffice.lifecycle import queries
from evently.database.clock import now
from evently.transactions import run_in_transaction
from events.attendance import TIME_TO_ANSWER, next_step_from
from events.locks import lock_event
from events.models import Event
from notifications.arrivals import Arrival, arrivals_of_questions
from waitlists.models import Promotion


class _NotWaitedFor(Exception):
    """No entry on the waitlist got the seats; raised to give them back to their attendee."""


def ask_attendees_again(*, event_id: UUID) -> int:
    """Ask those who have not answered a second time, once it is time; return how many bookings.

    A question that could not be delivered is repeated, too; one that still waits to be sent is not.
    """
    people = queries.people_to_ask_again(event_id)
    total = 0
    for start in range(0, len(people), asking.BATCH):
        some = people[start : start + asking.BATCH]
        total += run_in_transaction(partial(_ask_again, event_id, some))
    return total


def _ask_again(event_id: UUID, user_ids: Sequence[UUID]) -> int:
    event = lock_event(event_id)
    at = now()
    checks = open_checks().filter(
        event_id=event_id, asked_again_at__isnull=True, booking__user_id__in=user_ids
    )
    waiting = [
        check
        for check in checks.select_related("booking").order_by("pk")
        if next_step_from(event, check.asked_at) <= at
    ]
    arrivals = arrivals_of_questions(waiting, again=False)
    due = [check for check in waiting if _may_repeat(arrivals.get(check.pk), at=at)]
    if due:
        asking.ask_again(locked_event=event, checks=due)
    return len(due)


def _may_repeat(arrival: Arrival | None, *, at: datetime) -> bool:
    """Return whether the first question arrived a day ago, or never will."""
    if arrival is None or arrival.failed:
        return True
    return arrival.at is not None and arrival.at + TIME_TO_ANSWER <= at


def return_unanswered_seats(*, event_id: UUID) -> int:
    """Return the seats of bookings that stayed unanswered to the waitlist; return how many seats.

    The bookings that were made last come first, each in its own transaction, as long as an entry
    that waits gets the seats: otherwise taking them away would help no one.
    """
    event = Event.objects.get(pk=event_id)
    returned = 0
    # So many seats at once helped no entry.
    useless = 0
    for check in queries.checks_to_return(event):
        if check.booking.quantity <= useless:
            continue
        try:
            returned += run_in_transaction(partial(_return, event_id, check))
        except _NotWaitedFor:
            useless = max(useless, check.booking.quantity)
    return returned


def _return(event_id: UUID, check: AttendanceCheck) -> int:
    event = lock_event(event_id)
    booking = lock_booking(locked_event=event, booking_id=check.booking_id)
    current = queries.checks_to_return(event).filter(pk=check.pk).first()
    if current is None or not _is_time(event, current, at=now()):
        return 0
    offers = Promotion.objects.filter(event_id=event_id)
    before = offers.count()
    asking.return_booking(locked_event=event, booking=booking)
    if offers.count() == before:
        raise _NotWaitedFor
    return booking.quantity


def _is_time(event: Event, check: AttendanceCheck, *, at: datetime) -> bool:
    """Return whether the second question arrived long enough ago."""
    if check.asked_again_at is None or next_step_from(event, check.asked_again_at) > at:
        return False
    arrival = arrivals_of_questions([check], again=True).get(check.pk)
    return arrival is not None and arrival.at is not None and arrival.at + TIME_TO_ANSWER <= at
