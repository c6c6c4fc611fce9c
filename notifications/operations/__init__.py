"""Every write of notifications, by topic.

`telling` writes messages, `reading` marks them, `delivering` mails them, `sweeping` takes up what
was missed, `resending` starts again what had failed, `partitions` makes room ahead.
"""
