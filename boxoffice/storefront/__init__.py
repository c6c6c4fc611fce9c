"""The pages of attendees that need several apps: home, event, account, account deletion."""
