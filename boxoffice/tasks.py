"""The tasks of the box office, where Celery's autodiscovery looks for them."""

from boxoffice.lifecycle.tasks import (
    complete_past_events,
    continue_cancellation,
    continue_event_cancellations,
    erase_due_accounts,
    erase_old_duplicates,
    forget_expired_sessions,
)

__all__ = [
    "complete_past_events",
    "continue_cancellation",
    "continue_event_cancellations",
    "erase_due_accounts",
    "erase_old_duplicates",
    "forget_expired_sessions",
]
