"""Reads of accounts."""

from uuid import UUID

from django.db.models import QuerySet

from evently.accounts.models import ApiToken, User
from evently.database.prepared import PreparedQuery
from evently.privacy.addresses import digest_of_mailbox

ACTIVE_USER = PreparedQuery(
    lambda user_id: User.objects.with_keys().active().filter(pk=user_id), user_id=UUID
)
BY_ID = PreparedQuery(lambda user_id: User.objects.with_keys().filter(pk=user_id), user_id=UUID)


def user_by_id(user_id: UUID) -> User | None:
    """Return a user, deleted and deactivated ones too, with the key, in one query."""
    return BY_ID.first(user_id=user_id)


def active_user(user_id: UUID) -> User | None:
    """Return a user who is neither deleted nor deactivated, with the key, in one query."""
    return ACTIVE_USER.first(user_id=user_id)


def user_with_address(address: str) -> User | None:
    """Return the user with an email address, deactivated or not, with the key."""
    return User.objects.with_keys().with_address(address).first()


def mailbox_of(user: User | None) -> str | None:
    """Return the digest of the mailbox of a user's email address; None if there is no address.

    For limits per person: rows keep it, so that triggers need not read accounts. A changed address
    leaves it as it is in rows that exist.
    """
    return digest_of_mailbox(user.email) if user and user.email else None


def has_unverified_password(user_id: UUID) -> bool:
    """Return whether the account has a password and an unverified email address."""
    user = active_user(user_id)
    return user is not None and not user.is_verified and user.has_usable_password()


def users_by_id(user_ids: list[UUID]) -> dict[UUID, User]:
    """Return {id: user}, with keys, in one query."""
    return {user.pk: user for user in User.objects.with_keys().filter(pk__in=user_ids)}


def tokens_of(user_id: UUID) -> QuerySet[ApiToken]:
    """Return a user's API tokens that are not revoked, newest first."""
    return ApiToken.objects.filter(user_id=user_id, revoked_at__isnull=True)
