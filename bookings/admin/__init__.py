"""Bookings, booking attempts and the lists of attendees in the admin."""

from bookings.admin import attendee_lists
from bookings.admin.attempts import BookingAttemptAdmin
from bookings.admin.bookings import CANCELLED_AT_ONCE, BookingAdmin

__all__ = ["CANCELLED_AT_ONCE", "BookingAdmin", "BookingAttemptAdmin", "attendee_lists"]
