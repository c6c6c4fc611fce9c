"""The ways to lock a user's row."""

from uuid import UUID

from evently.accounts.models import User
from evently.errors import NotFound


class UserNotFound(NotFound):
    """There is nobody with this id or address, or they have left."""

    code = "user_not_found"
    message = "There is no account like that."


def lock_user(user_id: UUID) -> User:
    """Lock a user until commit, with their key; events are locked before users.

    Raises UserNotFound.
    """
    users = User.objects.with_keys().select_for_update(of=("self",), no_key=True)
    user = users.filter(pk=user_id, deleted_at__isnull=True).first()
    if user is None:
        raise UserNotFound
    return user
