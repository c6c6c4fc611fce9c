"""Kept for migration 0004_shipped_templates."""

from notifications.emails.templates import shipped

__all__ = ["shipped"]
