"""Users' keys: created with the user, destroyed to erase personal data; see also `rotation`."""

from uuid import UUID

from django.conf import settings
from django.db import connection, connections

from evently.environment import fingerprint
from evently.privacy.models import PersonKey
from evently.privacy.sealing import new_key, wrap

ROTATION_BATCH = 500
INSERT_KEY = """
    INSERT INTO keys.person_keys (user_id, wrapped_key, wrapping_key_name)
    SELECT id, %s, %s FROM users WHERE id = %s
"""


class KeyNotDestroyed(RuntimeError):
    """A key that was to be destroyed is still in the database."""


def create_key(*, user_id: UUID) -> PersonKey:
    """Insert a new key for a user, inside the caller's transaction."""
    key = new_person_key(user_id=user_id)
    key.save(force_insert=True)
    return key


def new_person_key(*, user_id: UUID) -> PersonKey:
    """Return a new key for a user, not yet inserted."""
    wrapped, name = wrap(new_key(), user_id=user_id)
    return PersonKey(user_id=user_id, wrapped_key=wrapped, wrapping_key_name=name)


def insert_key_of_user(key: PersonKey) -> None:
    """Insert a key if its user exists, inside the caller's transaction; one statement either way.

    For a user whose insertion may have been skipped, as the email address is known.
    """
    with connection.cursor() as cursor:
        cursor.execute(INSERT_KEY, [bytes(key.wrapped_key), key.wrapping_key_name, key.user_id])


def destroy_key(*, user_id: UUID) -> bool:
    """Delete a user's key for good: values sealed under it can never be opened again.

    Returns whether there was one. Raises KeyNotDestroyed where it is still there, whatever kept it:
    no erasure may be reported as done then.
    """
    keys = PersonKey.objects.filter(user_id=user_id)
    had_one = keys.exists()
    deleted, _ = keys.delete()
    if deleted != int(had_one) or keys.exists():
        raise KeyNotDestroyed(f"The key of account {user_id} was not deleted.")
    return had_one


def processes_without(key_name: str) -> int:
    """Return how many of Evently's connections belong to processes that lack a wrapping key.

    Processes name their keys in the name of their connections (`environment.application_name`);
    those of releases before that name none.
    """
    known = fingerprint(key_name, settings.EVENTLY_PII_KEYS[key_name])
    with connections["default"].cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
            " AND pid <> pg_backend_pid() AND split_part(application_name, ' ', 1) = 'evently'"
            " AND NOT %s = ANY (string_to_array(application_name, ' '))",
            [known],
        )
        return int(cursor.fetchone()[0])


def processes_wrapping_otherwise(key_name: str) -> int:
    """Return how many of Evently's connections belong to processes that wrap with another key.

    The first key that a process names is the one that it wraps the keys of new users with.
    """
    first = fingerprint(key_name, settings.EVENTLY_PII_KEYS[key_name])
    with connections["default"].cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
            " AND pid <> pg_backend_pid() AND split_part(application_name, ' ', 1) = 'evently'"
            " AND split_part(application_name, ' ', 2) <> %s",
            [first],
        )
        return int(cursor.fetchone()[0])
