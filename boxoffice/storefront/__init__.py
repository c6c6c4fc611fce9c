"""The attendees' pages that need several apps: home, event, account, account deletion."""
