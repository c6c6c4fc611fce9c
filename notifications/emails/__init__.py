"""Rendering of emails: templates, placeholders, layout, tickets, and the finished message."""
