"""Tasks that end events and erase people."""

import random
import time
from uuid import UUID

from celery import shared_task

from boxoffice.lifecycle import operations, queries
from boxoffice.lifecycle.operations import attendance, draws
from evently.accounts.operations.sessions import delete_expired_sessions
from evently.sweeps import for_each_event, for_each_user
from events.import_models import ImportState
from events.importing.queries import stalled_imports
from events.tasks import SECONDS_AT_ONCE


@shared_task
def continue_cancellation(event_id: str) -> None:
    """Cancel the bookings and waitlist entries that a cancelled event still has."""
    operations.continue_cancellation(event_id=UUID(event_id))


@shared_task
def continue_event_cancellations() -> None:
    """Continue cancellations that a crash or a lost task left unfinished."""
    for_each_event(
        "continue_event_cancellations",
        queries.cancelled_events_to_continue(),
        operations.continue_cancellation,
    )


@shared_task
def complete_past_events() -> None:
    """Mark events that are over as completed."""
    for_each_event("complete_past_events", queries.events_to_complete(), operations.complete_event)


@shared_task
def ask_attendees_again() -> None:
    """Ask attendees who have not said whether they are still coming a second time."""
    for_each_event(
        "ask_attendees_again", queries.events_to_ask_again(), attendance.ask_attendees_again
    )


@shared_task
def return_unanswered_seats() -> None:
    """Return the seats of attendees who have not answered to the waitlist, where that was said."""
    for_each_event(
        "return_unanswered_seats",
        queries.events_with_seats_to_return(),
        attendance.return_unanswered_seats,
    )


@shared_task
def remind_of_draws() -> None:
    """Remind organizers of numbers that are due, and guests of places that have no lot yet."""
    for_each_event("remind_of_draws", draws.events_to_remind(), draws.remind_of_draw)


@shared_task
def erase_due_accounts() -> None:
    """Erase the accounts whose cooling-off period is over, in two steps of separate runs.

    The first cancels bookings, the second erases name and email address once the emails about that
    are sent. In random order, so that accounts that cannot be erased yet never hold up the others.
    """
    due = queries.accounts_to_erase()
    random.shuffle(due)
    for_each_user("erase_due_accounts", due, operations.continue_erasure)
    # Of workers that ran the release before, during an upgrade.
    for_each_user("erase_due_accounts", queries.receipts_to_complete(), operations.complete_receipt)


@shared_task
def erase_old_duplicates() -> None:
    """Erase what sign-ups with addresses that had an account have left behind."""
    for_each_user(
        "erase_old_duplicates", queries.duplicates_to_erase(), operations.continue_erasure
    )


@shared_task
def forget_expired_sessions() -> None:
    """Delete expired sessions, among them those of people who were erased."""
    delete_expired_sessions()


@shared_task
def undo_import(import_id: str, by_id: str = "") -> None:
    """Take an import back, as far as it comes in a while."""
    end = time.monotonic() + SECONDS_AT_ONCE
    done = operations.continue_undoing(
        import_id=UUID(import_id),
        by_id=UUID(by_id) if by_id else None,
        until=lambda: time.monotonic() > end,
    )
    if not done:
        undo_import.delay(import_id, by_id)


@shared_task
def continue_undoing_imports() -> None:
    """Take up the undoing of imports whose task was lost."""
    for import_id in stalled_imports(ImportState.UNDOING):
        undo_import.delay(str(import_id))
