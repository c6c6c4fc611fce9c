"""Kept for migration 0004, which has landed and imports from here; use `notifications.emails`."""
