"""Every write of notifications, by topic.

`creating` inserts them, `reading` marks them as read, `delivering` sends their emails by way of
`attempts`, `sweeping` picks up missed ones, `resending` restarts failed ones, `partitions` creates
the partitions of the coming months.
"""
