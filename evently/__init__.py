"""Evently: the platform under events, bookings, waitlists and notifications."""

from evently import garbage

# Before everything else is loaded.
garbage.look_rarely()

from evently.celery import app as celery_app  # noqa: E402

__all__ = ["celery_app"]
