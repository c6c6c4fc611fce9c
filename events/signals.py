"""Signals about events, sent last in the transaction that changes them."""

from django.dispatch import Signal

# Seats of an event became available; its row is locked. `locked_event: Event`
seats_freed = Signal()

# An organizer changed a published event. `event: Event`, `changes: {field: (old, new)}`,
# `notify: bool`: whether attendees are to be notified of it
event_changed = Signal()

# A draft was made of an event. `original: Event`, `copy: Event`
event_copied = Signal()

# An event was cancelled; its bookings and waitlist are not yet. `event: Event`
event_cancelled = Signal()
