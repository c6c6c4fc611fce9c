"""Accounts end: the row stays for the books, the person goes from it."""

from uuid import UUID

from evently.accounts.models import UNUSABLE_PASSWORD, ApiToken, Role, User
from evently.database.functions import Clock
from evently.privacy.keys import destroy_key


def close_account(*, user_id: UUID) -> None:
    """Take the person out of an account, inside the caller's transaction.

    Their key is destroyed, so every sealed copy of name and address goes dark; the digest is
    cleared, so the address is free; tokens and sessions end.
    """
    ApiToken.objects.filter(user_id=user_id, revoked_at__isnull=True).update(revoked_at=Clock())
    User.objects.filter(pk=user_id).update(
        is_active=False,
        is_superuser=False,
        role=Role.USER,
        password=UNUSABLE_PASSWORD,
        email_digest=None,
        email_verified_at=None,
        preferences={},
        deleted_at=Clock(),
    )
    destroy_key(user_id=user_id)
