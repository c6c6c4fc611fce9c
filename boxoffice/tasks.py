"""The tasks of the box office, where Celery's autodiscovery looks for them."""

from boxoffice.analysts.tasks import rotate_pseudonyms
from boxoffice.figures.tasks import (
    check_analytics,
    roll_up_hours,
    roll_up_lost_demand,
    roll_up_minutes,
)
from boxoffice.lifecycle.tasks import (
    complete_past_events,
    continue_cancellation,
    continue_event_cancellations,
    continue_undoing_imports,
    erase_due_accounts,
    erase_old_duplicates,
    forget_expired_sessions,
    undo_import,
)
from boxoffice.pricing.tasks import apply_price_rules

__all__ = [
    "apply_price_rules",
    "check_analytics",
    "complete_past_events",
    "continue_cancellation",
    "continue_event_cancellations",
    "continue_undoing_imports",
    "erase_due_accounts",
    "erase_old_duplicates",
    "forget_expired_sessions",
    "roll_up_hours",
    "roll_up_lost_demand",
    "roll_up_minutes",
    "rotate_pseudonyms",
    "undo_import",
]
