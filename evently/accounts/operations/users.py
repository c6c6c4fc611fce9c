"""A person's own data, and their role."""

import json
from typing import Any
from uuid import UUID

from evently.accounts.locks import lock_user
from evently.accounts.models import Role, User
from evently.accounts.operations.proof import revoke_tokens
from evently.errors import Conflict, Invalid
from evently.transactions import run_in_transaction

LARGEST_PREFERENCES = 4096


class EditedMeanwhile(Conflict):
    """Somebody else saved first; `version` is what it is now."""

    code = "edited_meanwhile"
    message = "This was changed in the meantime. Please look at it again, then repeat your change."


class PreferencesInvalid(Invalid):
    """Preferences are a small JSON object."""

    code = "preferences_invalid"
    message = "Preferences must be a JSON object of a few entries."


class AddressUnproven(Conflict):
    """Whoever set the password may not be who the address belongs to, and gets no role by it."""

    code = "address_unproven"
    message = "They have not confirmed their address yet. Ask them to, by the link in their mail."


class LastSuperuser(Conflict):
    """Somebody must be left who can let others in."""

    code = "last_superuser"
    message = "This is the last superuser; make another one first."


def change_profile(
    *,
    user_id: UUID,
    version: int | None = None,
    name: str | None = None,
    preferences: dict[str, Any] | None = None,
    session: str | None = None,
) -> User:
    """Change what a person says of themselves; what is None stays.

    version: the one that the change was made against; None does not compare. session: the
    `get_session_auth_hash()` of whoever asks, which must still hold.
    Raises EditedMeanwhile (with the current version), NameInvalid, PreferencesInvalid,
    UserNotFound, SessionEnded.
    """
    if preferences is not None:
        _check_preferences(preferences)

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
        if fields:
            user.save(update_fields=fields)
            user.refresh_from_db(fields=["version", "updated_at"])
        return user

    return run_in_transaction(work)


def end_other_sessions(*, user_id: UUID, session: str | None = None) -> User:
    """End all of a person's sessions.

    The view keeps its own with `update_session_auth_hash(request, user)`. session: the
    `get_session_auth_hash()` of whoever asks, which must still hold.
    Raises UserNotFound, SessionEnded.
    """

    def work() -> User:
        user = lock_user(user_id, session=session)
        user.session_version += 1
        user.save(update_fields=["session_version"])
        return user

    return run_in_transaction(work)


def make_organizer(*, user_id: UUID) -> User:
    """Let a person publish events.

    Raises UserNotFound, AddressUnproven.
    """
    return _set_role(user_id, Role.ADMIN)


def withdraw_organizer(*, user_id: UUID) -> User:
    """Let a person no longer publish events; tokens that organize stop working.

    Raises UserNotFound, LastSuperuser.
    """
    return _set_role(user_id, Role.USER)


def set_active(*, user_id: UUID, active: bool) -> User:
    """Switch an account off or on again; off ends its sessions and revokes its tokens.

    Raises UserNotFound, LastSuperuser.
    """

    def work() -> User:
        user = lock_user(user_id)
        if not active:
            refuse_last_superuser(user)
            revoke_tokens(user)
            user.session_version += 1
        user.is_active = active
        user.save(update_fields=["is_active", "session_version"])
        return user

    return run_in_transaction(work)


def _set_role(user_id: UUID, role: Role) -> User:
    def work() -> User:
        user = lock_user(user_id)
        if role == Role.ADMIN and not user.is_verified and user.has_usable_password():
            raise AddressUnproven
        if role == Role.USER:
            refuse_last_superuser(user)
            user.is_superuser = False
        user.role = role
        user.save(update_fields=["role", "is_superuser"])
        return user

    return run_in_transaction(work)


def refuse_last_superuser(locked_user: User) -> None:
    """Refuse what would leave nobody to let others in.

    Raises LastSuperuser.
    """
    if not locked_user.is_superuser:
        return
    others = User.objects.active().filter(is_superuser=True).exclude(pk=locked_user.pk)
    # Locked, so that two cannot see each other and both go.
    if not list(others.select_for_update(no_key=True).order_by("id").values_list("pk")[:1]):
        raise LastSuperuser


def _check_preferences(preferences: Any) -> None:
    try:
        text = json.dumps(preferences, ensure_ascii=False, allow_nan=False)
        size = len(text.encode())
    except (TypeError, ValueError, RecursionError) as error:
        raise PreferencesInvalid from error
    # PostgreSQL stores no null byte in JSON.
    if not isinstance(preferences, dict) or size > LARGEST_PREFERENCES or "\\u0000" in text:
        raise PreferencesInvalid
