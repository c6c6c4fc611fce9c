"""Bookings as a Django app."""

from django.apps import AppConfig


class BookingsConfig(AppConfig):
    """Bookings."""

    name = "bookings"
