"""The waitlist in the admin: entries and their offers on one page; moving and offering by hand."""

from waitlists.admin import draws  # noqa: F401 (adds its pages)
from waitlists.admin.entries import WaitlistEntryAdmin

__all__ = ["WaitlistEntryAdmin"]
