"""Evently: the platform under events, bookings, waitlists and notifications."""

from evently.celery import app as celery_app

__all__ = ["celery_app"]
