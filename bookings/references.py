"""Booking references: EVT, the date, and ten letters or digits (trg_bookings_reference)."""

import re

from django.db.models import Q

BEGINNING = re.compile(r"EVT\d[0-9A-Z]*\Z")
LENGTH = 21


def is_reference(text: str) -> bool:
    """Return whether a text is a booking reference, or its beginning with a digit at least."""
    return BEGINNING.match(text.upper()) is not None


def beginning_with(text: str) -> Q:
    """Return the condition for bookings whose reference begins with a text.

    As a range, which the unique index finds in every collation; LIKE needs one of its own.
    """
    start = text.upper()
    return Q(
        booking_reference__gte=start,
        booking_reference__lte=start.ljust(LENGTH, "Z"),
        booking_reference__startswith=start,
    )
