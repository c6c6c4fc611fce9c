"""Facts about events, announced inside the transaction that makes them, last."""

from django.dispatch import Signal

# Seats of an event came free, and its row is locked. `locked_event: Event`
seats_freed = Signal()

# An organizer changed a published event. `event: Event`, `changes: {field: (old, new)}`
event_changed = Signal()

# An organizer called an event off; its bookings and its line follow. `event: Event`
event_cancelled = Signal()
