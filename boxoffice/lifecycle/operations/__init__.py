"""Every write that ends an event or removes a person's account."""

from boxoffice.lifecycle.operations.deleting import delete_person
from boxoffice.lifecycle.operations.erasing import (
    begin_erasure,
    complete_receipt,
    continue_erasure,
    erase_person,
    finish_erasure,
)
from boxoffice.lifecycle.operations.events import (
    EventAlreadyCancelled,
    EventHasBookings,
    EventHasWaitlist,
    EventNotifying,
    cancel_event,
    complete_event,
    continue_cancellation,
    delete_event,
)
from boxoffice.lifecycle.operations.imports import continue_undoing, undo_import
from boxoffice.lifecycle.operations.people import (
    OrganizerStays,
    request_deletion,
    request_deletion_by_link,
    user_to_delete,
)

__all__ = [
    "EventAlreadyCancelled",
    "EventHasBookings",
    "EventHasWaitlist",
    "EventNotifying",
    "OrganizerStays",
    "begin_erasure",
    "cancel_event",
    "complete_event",
    "complete_receipt",
    "continue_cancellation",
    "continue_erasure",
    "continue_undoing",
    "delete_event",
    "delete_person",
    "erase_person",
    "finish_erasure",
    "request_deletion",
    "request_deletion_by_link",
    "undo_import",
    "user_to_delete",
]
