"""How long a session lasts: from its login, and without being used."""

from datetime import timedelta

from django.conf import settings

from evently.accounts.models import User

MOST_OFTEN = timedelta(hours=1)
# So that a session ends at most this part of its limit too early.
PARTS = 12


def idle_limit(user: User) -> timedelta:
    """Return how long a user's sessions may be unused: less for those with access to the admin."""
    limit: timedelta = settings.SESSION_IDLE_LIMIT
    return min(limit, settings.ORGANIZER_SESSION_IDLE_LIMIT) if user.is_staff else limit


def lifetime() -> timedelta:
    """Return how long a session lasts after its login, however it is used."""
    return timedelta(seconds=settings.SESSION_COOKIE_AGE)


def noting_interval() -> timedelta:
    """Return how often the use of a session is noted: a limit is as exact as this."""
    shortest = min(settings.SESSION_IDLE_LIMIT, settings.ORGANIZER_SESSION_IDLE_LIMIT)
    return min(MOST_OFTEN, shortest / PARTS)
