"""Facts about the line, announced inside the transaction that makes them, last."""

from django.dispatch import Signal

# Somebody stands in line. `entry: WaitlistEntry`, its event loaded and its position known
waitlist_joined = Signal()

# Seats are held for people. `event: Event`, `promotions: list[Promotion]`
promotions_made = Signal()

# Offers ended without a booking. `event: Event`, `promotions: list[Promotion]`
promotions_ended = Signal()

# People wait no longer, since the event was cancelled or is over. `event: Event`,
# `entries: list[WaitlistEntry]`, `reason: str`
entries_closed = Signal()
