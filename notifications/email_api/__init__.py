"""Emails in the API: those about an event, sending them again, and the site's providers."""
