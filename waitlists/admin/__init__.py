"""Events, their lines and offers in the admin, and the dashboard: what needs every app below."""

from waitlists.admin.events import EventAdmin
from waitlists.admin.lines import PromotionAdmin, WaitlistEntryAdmin

__all__ = ["EventAdmin", "PromotionAdmin", "WaitlistEntryAdmin"]
