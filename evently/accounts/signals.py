"""Facts about accounts, sent last inside the transaction that made them true.

Each carries `user`, with the key loaded. Receivers write rows or enqueue tasks on commit. The links
in emails are created when the email is rendered (`evently.accounts.links`).
"""

from django.db.models import TextChoices
from django.dispatch import Signal


class SecondFactorChange(TextChoices):
    """What happened to the second factors of a user."""

    APP_ADDED = "app_added"
    APP_REMOVED = "app_removed"
    PASSKEY_ADDED = "passkey_added"
    PASSKEY_REMOVED = "passkey_removed"
    CODES_MADE = "codes_made"
    CODE_USED = "code_used"
    # Too many wrong codes, by someone who knows the password.
    GUESSED = "guessed"
    # By a superuser, or by the shell command.
    RESET = "reset"


# A user signed up; `address_verification_requested` follows.
user_registered = Signal()

# A visitor tried to sign up with an email address that has an account. The page answered as if
# that had succeeded; the owner is notified of the existing account and how to log in
# (`links.password_reset_token`).
registration_repeated = Signal()

# The verification email is due: after sign-up, or requested again (`links.verification_token`).
address_verification_requested = Signal()

# A user has proved to own the email address.
address_confirmed = Signal()

# A password reset email is due (`links.password_reset_token`).
password_reset_requested = Signal()

# An email with a login link is due (`links.login_token`).
login_link_requested = Signal()

# A guest booked under an unverified email address, so the password that was set for it before has
# been removed. The owner is notified, and sets a new one (`links.password_reset_token`).
password_ended = Signal()

# The password was changed or reset, or a first one was set. `tokens_revoked: int | None` is how
# many API tokens ended with it; None if they were kept. The owner is notified by email.
password_changed = Signal()

# The address of an account is to be changed; `change: EmailChange`. The new address gets a link
# that confirms it (`email_changes.change_token`).
email_change_requested = Signal()

# The address was changed; `change: EmailChange`. The old one is told, and can undo it
# (`email_changes.undo_token`).
email_changed = Signal()

# The file of all data about a user is made, and can be downloaded until `export.expires_at`;
# `export: DataExport`. The owner is notified.
data_export_ready = Signal()

# A user without a password wants to delete the account: a link to confirm that is due
# (`links.deletion_token`).
deletion_link_requested = Signal()

# The account will be deleted at `user.deletion_due_at`. The owner is notified, and can undo it
# (`links.keep_token`).
deletion_requested = Signal()

# Erasing the account has begun: its bookings are cancelled, and its receipt is made
# (`erasure: evently.erasure.models.Erasure`). Name and email address are erased once the emails
# about that are sent.
erasure_started = Signal()

# A second factor was added, removed, reset, or attacked. `change: SecondFactorChange`; `name` of
# the passkey, or ""; `left`: recovery codes that are unused, for CODE_USED; `reset:
# SecondFactorReset`, with RESET only. The owner is notified by email.
second_factor_changed = Signal()

# Users are looked up by another EVENTLY_DIGEST_KEY now: other digests of addresses have to be made
# anew, too.
addresses_redigested = Signal()
