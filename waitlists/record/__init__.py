"""Reading the public record of an event's waitlist, which the database writes (`evently_record`).

`document`: the record as it is published, `heads`: its last number and hash, `summary`: what is
public while the waitlist is open. `docs/line-record.md` says what the records mean.
"""
