"""Events in the admin. The event itself is registered by the topmost app that adds to it."""

from events.admin.events import EventAdminBase
from events.admin.history import HistoryMixin
from events.admin.prices import PriceChangeAdmin

__all__ = ["EventAdminBase", "HistoryMixin", "PriceChangeAdmin"]
