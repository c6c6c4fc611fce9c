"""Copies of sent emails, as they were: made before an email is sent, sealed, kept for a time."""
