"""Which events: those that a user may see or manage, that are upcoming, on sale or over."""

from datetime import datetime
from typing import Any

from django.db import models
from django.db.models import F, Q

from evently.database.functions import Among, Clock, ClockOnce, Ids
from events.constraints import EventStatus
from events.staff_models import EventStaff, StaffRole


def over_by(at: Any, *, prefix: str = "") -> Q:
    """Return the condition for events that are over at a time: completed, or past their end.

    at: a datetime or an expression. prefix: the path to the event from another model, such as
    "event__". `Event.is_over` is the same for a loaded event.
    """
    return (
        Q(**{f"{prefix}status": EventStatus.COMPLETED})
        | Q(**{f"{prefix}ends_at__lte": at})
        | Q(**{f"{prefix}ends_at__isnull": True, f"{prefix}event_date__lte": at})
    )


def is_upcoming(at: Any) -> Q:
    """Return the condition for published, active events that have not started at a time.

    at: a datetime or an expression.
    """
    return Q(published_at__isnull=False, status=EventStatus.ACTIVE, event_date__gt=at)


def managed_by(user: Any) -> Q:
    """Return the condition for events that a user may manage.

    Superusers manage all events. Organizers manage those that they created and those that they
    are a manager of (`event_staff`); other users and visitors (None) manage none.
    """
    if user is None or user.is_anonymous or not (user.is_superuser or user.is_organizer):
        return Q(pk__in=())
    if user.is_superuser:
        return ~Q(pk__in=())  # An empty Q would vanish from `visible_to`.
    staffed = EventStaff.objects.filter(user_id=user.pk, role=StaffRole.MANAGER)
    # As an array: for a subquery in an OR, PostgreSQL reads all events.
    return Q(created_by_id=user.pk) | Q(Among(F("pk"), Ids(staffed.values("event_id"))))


class EventQuerySet(models.QuerySet[Any]):
    def published(self) -> "EventQuerySet":
        """Events that the public may see, cancelled and past ones included."""
        return self.filter(published_at__isnull=False)

    def upcoming(self, *, at: datetime | None = None) -> "EventQuerySet":
        """Published, active events that have not started; at: by default the database's time."""
        return self.filter(is_upcoming(at or Clock()))

    def current(self, *, at: datetime | None = None) -> "EventQuerySet":
        """Published, active events that are not over: upcoming ones and those that are on now."""
        clock = at or ClockOnce()
        is_ahead = Q(ends_at__gt=clock) | Q(ends_at__isnull=True, event_date__gt=clock)
        return self.published().filter(is_ahead, status=EventStatus.ACTIVE)

    def over(self, *, at: datetime | None = None) -> "EventQuerySet":
        """Events that are over; at: by default the database's time."""
        return self.filter(over_by(at or Clock()))

    def managed_by(self, user: Any) -> "EventQuerySet":
        """Events that a user may manage."""
        return self.filter(managed_by(user))

    def visible_to(self, user: Any) -> "EventQuerySet":
        """Published events, and drafts that a user may manage; user: None for a visitor."""
        return self.filter(Q(published_at__isnull=False) | managed_by(user))

    def on_sale(self, *, at: datetime | None = None) -> "EventQuerySet":
        """Upcoming events inside their sales window, sold out or not; at: as in `upcoming`."""
        clock = at or ClockOnce()
        return self.upcoming(at=at).filter(
            Q(sales_start_at__isnull=True) | Q(sales_start_at__lte=clock),
            Q(sales_end_at__isnull=True) | Q(sales_end_at__gt=clock),
        )
