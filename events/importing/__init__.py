"""Import of events from a file: look through it, turn rows into candidates or refusals, insert.

CSV files are read by `reading` and `candidates`, iCalendar files by `calendars` and `occurrences`;
`survey` finds out what a file proves and what has to be asked. `operations` does it in steps, each
kept in the database (`events.import_models`): the command `import_events` runs them one after the
other, the admin lets the organizer decide in between.
"""
