"""Deleting a person's rows, with everything that refers to them."""

from uuid import UUID

from boxoffice.lifecycle.operations.beyond import beyond_reach
from boxoffice.lifecycle.operations.erasing import erase_rows
from boxoffice.lifecycle.operations.held import locked_events_of
from boxoffice.lifecycle.operations.people import OrganizerStays
from evently.accounts.locks import UserNotFound
from evently.accounts.models import User
from evently.enqueue import enqueue_on_commit
from evently.erasure.models import Erasure
from evently.erasure.operations import Account, open_erasure
from evently.erasure.tasks import write_register
from evently.transactions import refusing, run_in_transaction
from events.signals import seats_freed


def delete_person(*, user_id: UUID) -> None:
    """Delete a person's row and, by the database's cascades, their bookings and everything else.

    Raises UserNotFound, OrganizerStays (they created events, or have payments), LastSuperuser,
    EventBusy.
    """

    def work() -> None:
        beyond = beyond_reach(user_id=user_id)
        remove_rows(user_id)
        open_erasure(
            Account({"rows_deleted": 1}, beyond),
            user_id=user_id,
            cause=Erasure.Cause.OPERATOR,
            kind=Erasure.Kind.DELETED,
        )
        enqueue_on_commit(write_register)

    run_in_transaction(work)


def remove_rows(user_id: UUID, *, even_last_superuser: bool = False) -> None:
    """Delete a person's rows, inside the caller's transaction. Raises what `delete_person` does."""
    events = locked_events_of(user_id)
    user = User.objects.filter(pk=user_id).first()
    if user is None:
        raise UserNotFound
    if user.deleted_at is None:
        # First, since the audit trail keeps what the deleted rows have said.
        erase_rows(user_id, even_last_superuser=even_last_superuser)
    with refusing(
        fk_events_created_by=OrganizerStays,
        fk_payments_booking=OrganizerStays,
    ):
        if not User.objects.filter(pk=user_id)._raw_delete("default"):
            raise UserNotFound
    for event in events:
        seats_freed.send(sender=User, locked_event=event)
