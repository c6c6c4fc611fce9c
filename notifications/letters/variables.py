"""Kept for migration 0004_shipped_templates."""

from notifications.emails.variables import VARIABLES

__all__ = ["VARIABLES"]
