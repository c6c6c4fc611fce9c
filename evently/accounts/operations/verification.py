"""Whose an address is: what shows it, and what ends once it is shown.

Anybody can sign up with somebody else's address and a password of their own, and wait for the
owner to book under it. So what was set before an address was proven is trusted by nobody but
whoever set it: it ends when the owner comes in by a mailed link, and when somebody who is not
logged in books under the address. It stays where the address is confirmed by one who shows that
they set it (`registration.verify_address`).
"""

from uuid import UUID

from django.contrib.auth.hashers import make_password

from evently.accounts.locks import lock_user
from evently.accounts.models import ApiToken, User
from evently.accounts.signals import password_ended
from evently.database.clock import now


def prove_address(locked_user: User) -> None:
    """Note that the address is the user's, and shut out whoever signed up with it before."""
    if locked_user.is_verified:
        return
    disarm(locked_user)
    note_proof(locked_user)


def note_proof(locked_user: User) -> None:
    """Note that the address is the user's; whatever they set before stays."""
    locked_user.email_verified_at = now()
    locked_user.save(update_fields=["email_verified_at"])


def end_unverified_password(*, user_id: UUID) -> None:
    """Shut out whoever signed up with an unproven address, inside the caller's transaction.

    For what is booked under an address by somebody who is not logged in: whoever set the
    password may not be who books now, and would see the booking. The owner is told.
    Raises UserNotFound.
    """
    user = lock_user(user_id)
    if not user.is_verified and disarm(user):
        password_ended.send(sender=User, user=user)


def disarm(locked_user: User) -> bool:
    """Take away what an unproven address gave; returns whether there was a password.

    Password, sessions and API tokens end. Preferences go too: whoever switched off the mails
    wanted the owner not to hear of the account.
    """
    revoke_tokens(locked_user)
    if not locked_user.has_usable_password():
        return False
    locked_user.password = make_password(None)
    locked_user.session_version += 1
    locked_user.preferences = {}
    locked_user.save(update_fields=["password", "session_version", "preferences"])
    return True


def revoke_tokens(locked_user: User) -> int:
    """Revoke all of a user's API tokens; returns how many."""
    tokens = ApiToken.objects.filter(user_id=locked_user.pk, revoked_at__isnull=True)
    return tokens.update(revoked_at=now())
