"""The waitlist in the admin: entries and their offers on one page; moving and offering by hand."""

from waitlists.admin.entries import WaitlistEntryAdmin

__all__ = ["WaitlistEntryAdmin"]
