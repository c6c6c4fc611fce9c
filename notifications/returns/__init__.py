"""What comes back of emails: delivered, deferred, bounced, complained; and the suppression list.

`reading` makes a report of a message's bytes and touches nothing else. `recording` writes reports
down, each once; `applying` draws what follows from them. `suppressing` says which addresses get no
emails. `webhook` and `mailbox` are the ways that reports come in.
"""
