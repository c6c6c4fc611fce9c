"""What becomes of messages to attendees once the account of their author is left."""

from uuid import UUID

from notifications.message_models import BEGUN, OrganizerMessage
from notifications.writing.text import ERASED


def forget_written(*, user_id: UUID) -> int:
    """Erase what a person wrote to attendees, in the transaction that erases the person.

    What was not sent is deleted; of the rest stays to whom it was sent, when, and how often.
    Returns of how many.
    """
    written = OrganizerMessage.objects.filter(by_id=user_id)
    rows = list(written.exclude(body=ERASED).order_by("pk").values_list("pk", "event_id", "state"))
    event_ids = {event_id for _, event_id, _ in rows}
    begun = [id_ for id_, _, state in rows if state in BEGUN]
    unsent = [id_ for id_, _, state in rows if state not in BEGUN]
    OrganizerMessage.objects.filter(event_id__in=event_ids, pk__in=begun).update(
        subject=ERASED, body=ERASED
    )
    OrganizerMessage.objects.filter(event_id__in=event_ids, pk__in=unsent).delete()
    return len(rows)
