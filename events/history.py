"""Events in the history."""

from collections.abc import Collection, Mapping
from typing import Any
from uuid import UUID

from evently.audit.described import (
    Described,
    EventFacts,
    Subject,
    describe,
    describe_tasks,
    find_events_with,
)
from evently.audit.models import AuditLog
from events.models import Event, EventStaff


def facts_of(ids: Collection[UUID]) -> Mapping[UUID, EventFacts]:
    zones: dict[UUID, list[tuple[UUID, str, str]]] = {}
    changes = AuditLog.objects.filter(
        row_id__in=ids, table_name="events", action="update", after__has_key="timezone"
    )
    for event_id, *change in changes.order_by("id").values_list(
        "row_id", "id", "before__timezone", "after__timezone"
    ):
        zones.setdefault(event_id, []).append(tuple(change))
    return {
        event.pk: EventFacts(event.name, event.zone, event.currency, zones.get(event.pk, ()))
        for event in Event.objects.filter(pk__in=ids).only("name", "timezone", "currency")
    }


def whether_notified(after: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return whether attendees were notified of a change."""
    announced = after.get("last_change") or {}
    if "notified" not in announced:
        return []
    return [("attendees", "notified" if announced["notified"] else "not notified")]


def staff(ids: Collection[UUID]) -> Mapping[UUID, Subject]:
    rows = EventStaff.objects.filter(pk__in=ids).values_list("pk", "user_id")
    return {pk: Subject("role", user_id) for pk, user_id in rows}


find_events_with(facts_of)
describe(
    "events",
    Described(
        group="Event",
        noun="event",
        plural="events",
        rank=0,
        phrases={
            "created": "created {event}",
            "changed": "changed {event}",
            "published": "published {event}",
            "cancelled": "cancelled {event}",
            "completed": "marked {event} as completed",
            "deleted": "deleted {event}",
            "archived": "archived rows of {event}",
            "compressed": "compressed the price history of {event}",
        },
        labels={
            "event_date": "starts",
            "ends_at": "ends",
            "timezone": "time zone",
            "total_capacity": "seats",
            "max_per_booking": "seats per booking",
            "max_per_person": "seats per person",
            "max_per_place": "seats per place on the waitlist",
            "max_passes": "passes before seats are kept for a group",
            "waitlist_until_start": "offers until the start",
            "promotion_window_minutes": "minutes to claim an offer",
            "ask_days_before": "days before the start to ask who is coming",
            "unanswered_policy": "seats of those who do not answer",
            "reminder_hours": "hours before the start to remind attendees",
            "sends_thanks": "thanks to attendees after the event",
            "payment_mode": "payment",
            "created_by_id": "organizer",
            "cancel_reason": "reason",
        },
        identifying=("name", "event_date", "venue", "total_capacity", "base_price"),
        notes=whether_notified,
    ),
)
describe(
    "event_staff",
    Described(
        group="Staff",
        noun="staff member",
        plural="staff members",
        rank=1,
        phrases={"created": "added {person} to the staff", "deleted": "removed {object}"},
        labels={"user_id": "person"},
        identifying=("user_id", "role"),
        subjects=staff,
    ),
)
describe(
    "pricing_rules",
    Described(
        group="Price rule",
        noun="price rule",
        plural="price rules",
        rank=2,
        phrases={
            "created": "set up a price rule",
            "changed": "changed the price rule",
            "deleted": "removed the price rule",
        },
        labels={
            "enabled": "on",
            "suspended_at": "suspended since",
            "floor": "lowest price",
            "ceiling": "highest price",
            "max_step": "largest step",
            "step_kind": "step is an",
            "min_interval_minutes": "minutes between changes",
            "rounding_unit": "rounded to multiples of",
            "rounding_ending": "ending of prices",
            "weight_sold": "weight of seats sold",
            "weight_pace": "weight of the pace",
            "weight_waitlist": "weight of the waitlist",
            "expected_percent": "seats expected to be sold (%)",
            "plan": "sales plan",
            "announces_next": "announces the next rise",
        },
        identifying=("floor", "ceiling"),
    ),
)
describe(
    "event_imports",
    Described(
        group="Import",
        noun="import",
        plural="imports",
        rank=3,
        phrases={"created": "uploaded a file to import", "deleted": "discarded an import"},
        identifying=("file_name",),
        of_event=False,
    ),
)
describe_tasks(
    read_import="a file is read",
    apply_import="the events of a file are imported",
    continue_imports="the events of a file are imported",
)
