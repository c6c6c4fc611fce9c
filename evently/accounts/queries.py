"""Reads of accounts."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.db.models import Case, DurationField, Q, QuerySet, When

from evently.accounts.devices import device_of, is_handheld
from evently.accounts.managing import MANAGED_EVENTS
from evently.accounts.models import ApiToken, DataExport, ExportStatus, Role, User, UserSession
from evently.accounts.operations.sessions import digest_of_session
from evently.accounts.session_limits import lifetime
from evently.database.functions import Clock
from evently.database.identity import as_worker
from evently.database.prepared import PreparedQuery
from evently.privacy.addresses import digest_of_mailbox


def active_users() -> QuerySet[User]:
    """Return users who are neither deleted nor deactivated, as of `active_user`."""
    return User.objects.with_keys().active().annotate(managed_events=MANAGED_EVENTS)


ACTIVE_USER = PreparedQuery(lambda user_id: active_users().filter(pk=user_id), user_id=UUID)
BY_ID = PreparedQuery(lambda user_id: User.objects.with_keys().filter(pk=user_id), user_id=UUID)


def user_by_id(user_id: UUID) -> User | None:
    """Return a user, deleted and deactivated ones too, with the key, in one query."""
    return BY_ID.first(user_id=user_id)


@as_worker()
def active_user(user_id: UUID) -> User | None:
    """Return a user who is neither deleted nor deactivated, with the key, in one query.

    With `managed_events` (`evently.accounts.identity`).
    """
    return ACTIVE_USER.first(user_id=user_id)


@as_worker()
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


def exports_of(user_id: UUID) -> QuerySet[DataExport]:
    """Return a user's data exports, newest first, without files that are gone."""
    is_current = Q(expires_at__isnull=True) | Q(expires_at__gt=Clock())
    exports = DataExport.objects.filter(is_current, user_id=user_id)
    return exports.exclude(status=ExportStatus.REPLACED).order_by("-requested_at", "-id")


def live_sessions() -> QuerySet[UserSession]:
    """Return the sessions that are not over yet (`evently.accounts.session_limits`)."""
    longest = settings.SESSION_IDLE_LIMIT
    limit = Case(
        When(user__role=Role.ADMIN, then=min(longest, settings.ORGANIZER_SESSION_IDLE_LIMIT)),
        default=longest,
        output_field=DurationField(),
    )
    return UserSession.objects.filter(
        last_seen_at__gte=Clock() - limit, started_at__gt=Clock() - lifetime()
    )


MOST_SESSIONS_SHOWN = 50


@dataclass(frozen=True)
class ListedSession:
    """A session as its owner sees it. device: in words, such as "Firefox on Windows"."""

    id: UUID
    device: str
    is_handheld: bool
    ip_address: str | None
    started_at: datetime
    last_seen_at: datetime
    is_current: bool


def sessions_of(user_id: UUID, *, current: str | None = None) -> list[ListedSession]:
    """Return a user's sessions that are not over, the current one first, then those used last.

    current: the key of the session that asks.
    """
    own = digest_of_session(current) if current else ""
    rows = live_sessions().filter(user_id=user_id).order_by("-last_seen_at", "-id")
    listed = [
        ListedSession(
            id=row.pk,
            device=device_of(row.user_agent),
            is_handheld=is_handheld(row.user_agent),
            ip_address=row.ip_address,
            started_at=row.started_at,
            last_seen_at=row.last_seen_at,
            is_current=row.session_digest == own,
        )
        for row in rows[:MOST_SESSIONS_SHOWN]
    ]
    return sorted(listed, key=lambda session: not session.is_current)
