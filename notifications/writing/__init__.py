"""Messages that organizers write to the attendees of their events: docs/writing-to-attendees.md.

`text` checks and fills what they say, `audiences` finds the recipients, `drafting` writes drafts,
`states` changes their state, `beginning` schedules them and begins to send, `sending` notifies the
recipients in batches, `stopping` ends that, `progress` counts.
"""
