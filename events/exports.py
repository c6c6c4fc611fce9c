"""What a user has organized, in a data export."""

from typing import Any
from uuid import UUID

from evently.accounts.export import section
from events.models import Event, EventImport, EventStaff

EVENT_COLUMNS = (
    "id",
    "name",
    "description",
    "venue",
    "event_date",
    "ends_at",
    "timezone",
    "status",
    "published_at",
    "contact_email",
    "contact_url",
    "payment_instructions",
    "cancel_reason",
    "created_at",
)
STAFF_COLUMNS = ("event_id", "event__name", "role")
IMPORT_COLUMNS = ("id", "file_name", "state", "rows_total", "created_at", "applied_at")


@section("events", of=Event, columns=EVENT_COLUMNS)
def events(user_id: UUID) -> list[Any]:
    """Return the events that a user has created."""
    return list(Event.objects.filter(created_by_id=user_id).order_by("id").values(*EVENT_COLUMNS))


@section("event_staff", of=EventStaff, columns=STAFF_COLUMNS)
def event_staff(user_id: UUID) -> list[Any]:
    """Return the events that a user helps to organize."""
    roles = EventStaff.objects.filter(user_id=user_id).order_by("id")
    return list(roles.values(*STAFF_COLUMNS))


@section("event_imports", of=EventImport, columns=IMPORT_COLUMNS)
def event_imports(user_id: UUID) -> list[Any]:
    """Return the files of events that a user has imported, without their content."""
    imports = EventImport.objects.filter(organizer_id=user_id).order_by("id")
    return list(imports.values(*IMPORT_COLUMNS))
