"""Closing an account: the row stays for the accounting records, without personal data."""

from collections import Counter
from typing import Any
from uuid import UUID

from django.db.models import Model

from evently.accounts.locks import lock_user
from evently.accounts.models import (
    UNUSABLE_PASSWORD,
    ApiToken,
    EmailChange,
    Passkey,
    RecoveryCode,
    Role,
    TotpFactor,
    UserSession,
)
from evently.accounts.operations.users import refuse_last_superuser
from evently.database.clock import now
from evently.privacy.keys import destroy_key

# By the names of `evently.erasure.receipts.DONE`.
ROWS: tuple[tuple[str, type[Model]], ...] = (
    ("logins_ended", ApiToken),
    ("address_changes_deleted", EmailChange),
    ("factors_deleted", Passkey),
    ("factors_deleted", RecoveryCode),
    ("factors_deleted", TotpFactor),
    ("sessions_ended", UserSession),
)


def close_account(*, user_id: UUID, even_last_superuser: bool = False) -> Counter[str]:
    """Erase the personal data of an account and deactivate it, inside the caller's transaction.

    The key is destroyed, so every sealed copy of name and email address becomes unreadable, in the
    audit log too. The digest is cleared, so the email address can sign up again. Tokens, emailed
    links and sessions end. The caller has cancelled future bookings and waitlist entries before,
    since events are locked before users. Returns how many rows, by the names of
    `evently.erasure.receipts.DONE`.
    even_last_superuser: for erasures that were carried out before, in the original of a restored
    backup. Raises UserNotFound, LastSuperuser, KeyNotDestroyed.
    """
    user = lock_user(user_id)
    if not even_last_superuser:
        refuse_last_superuser(user)
    counts: Counter[str] = Counter()
    for what, rows in ROWS:
        counts[what] += rows._default_manager.filter(user_id=user_id).delete()[0]
    counts["keys_destroyed"] = int(destroy_key(user_id=user_id))
    counts["digests_cleared"] = int(user.email_digest is not None)
    changes: dict[str, Any] = {
        "email_digest": None,
        "password": UNUSABLE_PASSWORD,
        "role": Role.USER,
        "is_superuser": False,
        "is_active": False,
        "preferences": {},
        "timezone": "",
        "email_verified_at": None,
        "session_version": user.session_version + 1,
        "link_version": user.link_version + 1,
        "deletion_requested_at": None,
        "deletion_due_at": None,
        "deletion_started_at": None,
        "deleted_at": now(),
    }
    for name, value in changes.items():
        setattr(user, name, value)
    user.save(update_fields=list(changes))
    return counts
