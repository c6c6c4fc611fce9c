"""Who edited an event last, for an organizer whose change came too late."""

from evently.admin.cells import names_of
from evently.audit.models import AuditLog
from evently.formatting import moment
from events.models import Event


def last_edit_text(event: Event) -> str:
    """Return a sentence that says who saved the event last, and when.

    Seats that moved and prices that a rule changed are no edits: an edit raises the version.
    """
    edit = (
        AuditLog.objects.filter(row_id=event.pk, table_name="events", after__has_key="version")
        .order_by("-id")
        .first()
    )
    if edit is None:
        return "Another person changed this event while you were editing it."
    who = names_of({edit.actor}).get(edit.actor, "Another person")
    at = moment(edit.at, event.zone)
    return f"{who} saved changes on {at}, while you were editing this event."
