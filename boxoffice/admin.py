"""The admin's parts that need several apps; Django imports this module."""

from boxoffice.backoffice import analytics_page, booking_page, overview, price_rule_page
from boxoffice.backoffice.booking_admin import CompleteBookingAdmin
from boxoffice.backoffice.event_admin import EventAdmin
from boxoffice.backoffice.import_admin import EventImportAdmin
from boxoffice.backoffice.user_admin import UserAdmin

__all__ = [
    "CompleteBookingAdmin",
    "EventAdmin",
    "EventImportAdmin",
    "UserAdmin",
    "analytics_page",
    "booking_page",
    "overview",
    "price_rule_page",
]
