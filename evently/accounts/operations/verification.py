"""Proof that an email address belongs to a user, and what ends once it is proved.

Anyone can sign up with another person's email address and a password, and wait for the owner to
book under it. So the password of an unverified account is removed when the owner logs in by an
emailed link, and when a guest books under the address. It stays if the user verifies the address
and proves to know the password (`registration.verify_address`). See
docs/adr/0010-unverified-email-addresses.md.
"""

from uuid import UUID

from django.contrib.auth.hashers import make_password
from django.db.models import F, Func, Value

from evently.accounts.locks import lock_user
from evently.accounts.models import ApiToken, User
from evently.accounts.signals import address_confirmed, password_ended
from evently.database.clock import now
from evently.database.identity import as_worker


def verify_by_email(locked_user: User) -> None:
    """Mark the email address as verified, and revoke the access that was set up before.

    For a visitor who has proved to own the email address, but not to know the password.
    """
    if locked_user.is_verified:
        return
    revoke_access(locked_user)
    mark_verified(locked_user)


def mark_verified(locked_user: User) -> None:
    """Mark the email address as verified; password, sessions and tokens stay."""
    locked_user.email_verified_at = now()
    locked_user.save(update_fields=["email_verified_at"])
    address_confirmed.send(sender=User, user=locked_user)


@as_worker()
def end_unverified_password(*, user_id: UUID) -> None:
    """Revoke access to an unverified account, inside the caller's transaction.

    Called when a guest books or joins a waitlist under the email address: the person who set the
    password may be another one, and would see the booking. The owner is notified.
    Raises UserNotFound.
    """
    user = lock_user(user_id)
    if not user.is_verified and revoke_access(user):
        password_ended.send(sender=User, user=user)


def revoke_access(locked_user: User) -> bool:
    """End password, sessions and API tokens; returns whether there was a password.

    Preferences are reset too: the person who turned off the emails may have wanted to hide the
    account from the owner of the email address. So is the time zone, in which offers would expire
    at the owner's night.
    """
    revoke_tokens(locked_user)
    if not locked_user.has_usable_password():
        return False
    locked_user.password = make_password(None)
    locked_user.session_version += 1
    locked_user.preferences, locked_user.timezone = {}, ""
    locked_user.save(update_fields=["password", "session_version", "preferences", "timezone"])
    return True


def revoke_tokens(locked_user: User) -> int:
    """Revoke all of a user's API tokens; returns how many of them had not expired."""
    at = now()
    tokens = ApiToken.objects.filter(user_id=locked_user.pk, revoked_at__isnull=True)
    return tokens.filter(expires_at__gt=at).update(revoked_at=at)


def withdraw_scope(locked_user: User, scope: str) -> None:
    """Remove a scope from all of a user's API tokens, and revoke those that have no other."""
    tokens = ApiToken.objects.filter(user_id=locked_user.pk, revoked_at__isnull=True)
    tokens.filter(scopes=[scope]).update(revoked_at=now())
    tokens.filter(scopes__contains=[scope]).update(
        scopes=Func(F("scopes"), Value(scope), function="array_remove")
    )
