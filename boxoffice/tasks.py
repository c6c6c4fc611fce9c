"""The tasks of the box office, where Celery's autodiscovery looks for them."""

from boxoffice.analysts.tasks import rotate_pseudonyms
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
    "complete_past_events",
    "continue_cancellation",
    "continue_event_cancellations",
    "continue_undoing_imports",
    "erase_due_accounts",
    "erase_old_duplicates",
    "forget_expired_sessions",
    "rotate_pseudonyms",
    "undo_import",
]
