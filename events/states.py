"""What an organizer calls the state of an event: its status, with drafts told apart."""

from django.db import models

from events.constraints import EventStatus


class EventState(models.TextChoices):
    DRAFT = "draft"
    PUBLISHED = "published"
    CANCELLED = "cancelled"
    COMPLETED = "completed"


# The conditions for events in each state; `Event.state` is the same for a loaded event.
STATE_CONDITIONS: dict[EventState, dict[str, object]] = {
    EventState.DRAFT: {"status": EventStatus.ACTIVE, "published_at__isnull": True},
    EventState.PUBLISHED: {"status": EventStatus.ACTIVE, "published_at__isnull": False},
    EventState.CANCELLED: {"status": EventStatus.CANCELLED},
    EventState.COMPLETED: {"status": EventStatus.COMPLETED},
}
