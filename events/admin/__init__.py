"""The admin of events, their price history and their rows.

EventAdminBase is what this app can offer; boxoffice extends it with bookings and the waitlist, and
registers it.
"""

from events.admin.events import EventAdminBase
from events.admin.imports import EventImportAdminBase
from events.admin.prices import PriceChangeAdmin

__all__ = ["EventAdminBase", "EventImportAdminBase", "PriceChangeAdmin"]
