"""Signals of the waitlist, sent at the end of the transaction that makes the change."""

from django.dispatch import Signal

# A user has joined. `entry: WaitlistEntry`, with its event and position loaded
waitlist_joined = Signal()

# Offers were made, and their seats are held. `event: Event`, `promotions: list[Promotion]`
promotions_made = Signal()

# Offers have ended without a booking. `event: Event`, `promotions: list[Promotion]`
promotions_ended = Signal()

# The capacity was lowered below what waiting entries need, so that no offer can be made to them.
# `event: Event`, `entries: list[WaitlistEntry]`
entries_outgrown = Signal()

# Asked before offers end, and where a message may not have arrived: what is known of the messages
# about these. `event: Event`, `promotions: list[Promotion]`. A receiver returns a dict of `Reach`
# by promotion id, without those that need no look (`waitlists.operations.reaching`)
reach_asked = Signal()

# The end of an offer was moved to a later time, or the email about it turned out not to have
# arrived, or both. `event: Event`, `promotion: Promotion`, `is_moved: bool`, `is_lost: bool`
promotion_followed = Signal()

# Entries were closed: the event is cancelled or over, or their own end has passed. `event: Event`,
# `entries: list[WaitlistEntry]`, `reason: str`
entries_closed = Signal()

# A draw was announced, called off, done, or declared void. `event: Event`, `draw: Draw`; of a void
# one, `again: Draw | None`: the draw that repeats it; of one that is done, `entries`: those that
# took part and still wait, without an offer.
draw_announced = Signal()
draw_done = Signal()
draw_void = Signal()
