"""Facts about accounts, announced last inside the transaction that made them true.

Each carries `user`, with its key at hand. Whoever tells people writes a row or enqueues on
commit; the links in mails are made when the mail is (`evently.accounts.links`).
"""

from django.dispatch import Signal

# Somebody signed up; `address_verification_requested` follows it.
user_registered = Signal()

# Somebody tried to sign up with an address that has an account. The page answered as if they
# had succeeded; the owner is told that there is one already, and how to get in
# (`links.password_reset_token`).
registration_repeated = Signal()

# The mail that verifies the address is due: after sign-up, or asked for again
# (`links.verification_token`).
address_verification_requested = Signal()

# `links.password_reset_token`.
password_reset_requested = Signal()

# Enter without a password (`links.login_token`).
login_link_requested = Signal()

# Somebody who was not logged in booked under an address that was never proven, so the password
# set for it before has ended. The owner is told, and sets a new one
# (`links.password_reset_token`).
password_ended = Signal()
