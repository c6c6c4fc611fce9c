"""Profile, preferences, time zone, sessions, role and activation of a user."""

import json
from typing import Any
from uuid import UUID

from evently.accounts.locks import lock_user
from evently.accounts.models import Role, Scope, User
from evently.accounts.operations.verification import revoke_tokens, withdraw_scope
from evently.errors import Conflict, EditedMeanwhile, Invalid
from evently.time_zones import TIME_ZONE_HINT, known_timezones
from evently.transactions import run_in_transaction

LARGEST_PREFERENCES = 4096


class PreferencesInvalid(Invalid):
    code = "preferences_invalid"
    message = f"Preferences must be a JSON object of at most {LARGEST_PREFERENCES} bytes."


class TimeZoneUnknown(Invalid):
    code = "time_zone_unknown"
    message = TIME_ZONE_HINT


class AddressUnverified(Conflict):
    """The account's password may not have been set by the owner of the email address."""

    code = "address_unproven"
    message = (
        "This user has not confirmed their email address yet. "
        "Ask them to open the link in the confirmation email."
    )


class LastSuperuser(Conflict):
    """At least one active superuser has to remain."""

    code = "last_superuser"
    message = "This is the last superuser. Create another one first."


def change_profile(
    *,
    user_id: UUID,
    version: int | None = None,
    name: str | None = None,
    preferences: dict[str, Any] | None = None,
    timezone: str | None = None,
    session: str | None = None,
) -> User:
    """Change name, preferences or time zone; None leaves a value unchanged.

    version: the one that the change is based on; None skips the check. session: the caller's
    `get_session_auth_hash()`; see `lock_user`.
    Raises EditedMeanwhile (with the current version), NameInvalid, PreferencesInvalid,
    TimeZoneUnknown, UserNotFound, SessionEnded.
    """
    if preferences is not None:
        _check_preferences(preferences)
    if timezone and timezone not in known_timezones():
        raise TimeZoneUnknown(fields={"timezone": TIME_ZONE_HINT})

    def work() -> User:
        user = lock_user(user_id, session=session)
        if version is not None and user.version != version:
            raise EditedMeanwhile(version=user.version)
        fields = []
        if name is not None and user.key is not None:
            fields += user.seal(user.key, name=name)
        if preferences is not None:
            user.preferences = preferences
            fields.append("preferences")
        if timezone is not None:
            user.timezone = timezone
            fields.append("timezone")
        if fields:
            user.save(update_fields=fields)
            user.refresh_from_db(fields=["version", "updated_at"])
        return user

    return run_in_transaction(work)


def end_other_sessions(
    *, user_id: UUID, keep_tokens: bool = False, session: str | None = None
) -> User:
    """End all sessions and emailed links of a user, and revoke all API tokens unless keep_tokens.

    The view keeps the current one with `update_session_auth_hash(request, user)`. session: the
    caller's `get_session_auth_hash()`; see `lock_user`.
    Raises UserNotFound, SessionEnded.
    """

    def work() -> User:
        user = lock_user(user_id, session=session)
        user.session_version += 1
        user.link_version += 1
        user.save(update_fields=["session_version", "link_version"])
        if not keep_tokens:
            revoke_tokens(user)
        return user

    return run_in_transaction(work)


def make_organizer(*, user_id: UUID) -> User:
    """Give a user the organizer role.

    Raises UserNotFound, AddressUnverified.
    """
    return _set_role(user_id, Role.ADMIN)


def withdraw_organizer(*, user_id: UUID) -> User:
    """Take the organizer role from a user, and the scope `organize` from their tokens.

    So no forgotten token can organize again once the role is given back.

    Raises UserNotFound, LastSuperuser.
    """
    return _set_role(user_id, Role.USER)


def set_active(*, user_id: UUID, active: bool) -> User:
    """Activate or deactivate an account.

    Deactivating ends its sessions and emailed links, and revokes its tokens, so that none of them
    works again once the account is activated.

    Raises UserNotFound, LastSuperuser.
    """

    def work() -> User:
        user = lock_user(user_id)
        if not active:
            refuse_last_superuser(user)
            revoke_tokens(user)
            user.session_version += 1
            user.link_version += 1
        user.is_active = active
        user.save(update_fields=["is_active", "session_version", "link_version"])
        return user

    return run_in_transaction(work)


def _set_role(user_id: UUID, role: Role) -> User:
    def work() -> User:
        user = lock_user(user_id)
        if role == Role.ADMIN and not user.is_verified and user.has_usable_password():
            raise AddressUnverified
        if role == Role.USER:
            refuse_last_superuser(user)
            user.is_superuser = False
            withdraw_scope(user, Scope.ORGANIZE)
        user.role = role
        user.save(update_fields=["role", "is_superuser"])
        return user

    return run_in_transaction(work)


def refuse_last_superuser(locked_user: User) -> None:
    """Refuse an operation on the last active superuser.

    Raises LastSuperuser.
    """
    if not locked_user.is_superuser:
        return
    others = User.objects.active().filter(is_superuser=True).exclude(pk=locked_user.pk)
    # Locked, so that two superusers removed at once do not each count on the other.
    if not list(others.select_for_update(no_key=True).order_by("id").values_list("pk")[:1]):
        raise LastSuperuser


def _check_preferences(preferences: Any) -> None:
    try:
        text = json.dumps(preferences, ensure_ascii=False, allow_nan=False)
        size = len(text.encode())
    except (TypeError, ValueError, RecursionError) as error:
        raise PreferencesInvalid from error
    # PostgreSQL's jsonb cannot store a null byte.
    if not isinstance(preferences, dict) or size > LARGEST_PREFERENCES or "\\u0000" in text:
        raise PreferencesInvalid
