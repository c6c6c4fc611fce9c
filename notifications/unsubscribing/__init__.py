"""Unsubscribing from emails by the link in them, without logging in."""
