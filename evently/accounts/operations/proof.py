"""What follows once a mailed link has shown whose address it is."""

from django.contrib.auth.hashers import make_password

from evently.accounts.models import ApiToken, User
from evently.database.clock import now


def prove_address(locked_user: User) -> None:
    """Note that the address is the user's, and shut out whoever signed up with it before.

    Anybody can sign up with somebody else's address and a password of their own, and wait for
    the owner to book under it. So what was set before the address was proven stops working.
    """
    if locked_user.is_verified:
        return
    disarm(locked_user)
    locked_user.email_verified_at = now()
    locked_user.save(update_fields=["email_verified_at"])


def disarm(locked_user: User) -> None:
    """Take away the ways in that an unproven address gave: password, sessions, API tokens."""
    revoke_tokens(locked_user)
    if not locked_user.has_usable_password():
        return
    locked_user.password = make_password(None)
    locked_user.session_version += 1
    locked_user.save(update_fields=["password", "session_version"])


def revoke_tokens(locked_user: User) -> int:
    """Revoke all of a user's API tokens; returns how many."""
    tokens = ApiToken.objects.filter(user_id=locked_user.pk, revoked_at__isnull=True)
    return tokens.update(revoked_at=now())
