"""Accounts end: the row stays for the books, the person goes from it."""

from typing import Any
from uuid import UUID

from evently.accounts.locks import lock_user
from evently.accounts.models import UNUSABLE_PASSWORD, ApiToken, Role
from evently.accounts.operations.people import refuse_last_superuser
from evently.database.clock import now
from evently.privacy.keys import destroy_key


def close_account(*, user_id: UUID) -> None:
    """Take the person out of an account, inside the caller's transaction.

    Their key is destroyed, so every sealed copy of name and address goes dark, in the trail too;
    the digest is cleared, so the address is free; tokens, mailed links and sessions end. What
    lies ahead of them the caller has cancelled before, for users are locked last.
    Raises UserNotFound, LastSuperuser.
    """
    user = lock_user(user_id)
    refuse_last_superuser(user)
    ApiToken.objects.filter(user_id=user_id).delete()
    destroy_key(user_id=user_id)
    changes: dict[str, Any] = {
        "email_digest": None,
        "password": UNUSABLE_PASSWORD,
        "role": Role.USER,
        "is_superuser": False,
        "is_active": False,
        "preferences": {},
        "email_verified_at": None,
        "session_version": user.session_version + 1,
        "link_version": user.link_version + 1,
        "deleted_at": now(),
    }
    for name, value in changes.items():
        setattr(user, name, value)
    user.save(update_fields=list(changes))
