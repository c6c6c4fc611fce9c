"""Sessions that are over, because they were not used or their time is up.

The user of such a session is a visitor from then on (`user_of`, which makes
`request.user`), is told why, and logs in again. What a page asks for by itself, such as the number
of unread notifications, neither counts as use nor ends a session: then its user would not learn
why, and what stands in a form of that page would be lost.

Forms that were sent in such a session: `evently.accounts.held_forms`.
"""

import time
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth import SESSION_KEY, get_user
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest

from evently.accounts.backends import already_read
from evently.accounts.models import User
from evently.accounts.queries import active_user
from evently.accounts.session_limits import idle_limit, lifetime
from evently.accounts.sessions import NOTED_AT, is_background
from evently.formatting import duration


@dataclass
class EndedSession:
    """A session that is over. reason: a sentence. is_dropped: whether it was deleted, too."""

    user: User
    reason: str
    is_dropped: bool = False


def user_of(request: HttpRequest) -> User | AnonymousUser:
    """Return the user of a request's session, or a visitor where it has none or is over.

    In one query.
    """
    user = _logged_in(request)
    ended = _ended(request, user)
    if ended is not None:
        request.ended_session = ended  # type: ignore[attr-defined]
        user = AnonymousUser()
        if request.method in ("GET", "HEAD") and not is_background(request):
            text = f"{ended.reason} Please log in again."
            messages.warning(request, text, fail_silently=True)
    request._cached_user = user  # type: ignore[attr-defined] # as Django does, for request logs
    return user


def _logged_in(request: HttpRequest) -> Any:
    # Reads the session, and its user with it.
    if SESSION_KEY not in request.session:
        return AnonymousUser()
    with already_read(getattr(request.session, "read_user", None)):
        return get_user(request)


def _ended(request: HttpRequest, user: object) -> EndedSession | None:
    if isinstance(user, User):
        limit = idle_limit(user)
        if not was_unused(request.session.get(NOTED_AT), limit):
            return None
        return EndedSession(user, f"Your session ended after {duration(limit)} without use.")
    user_id: str | None = getattr(request.session, "expired_user_id", None)
    former = active_user(UUID(user_id)) if user_id else None
    if former is None:
        return None
    return EndedSession(former, f"Your session ended {duration(lifetime())} after you logged in.")


def was_unused(noted_at: int | None, limit: timedelta) -> bool:
    """Return whether a session was unused for too long.

    noted_at: when its use was noted last, in seconds since 1970; None for a session of a release
    that did not note it, which counts as used.
    """
    return noted_at is not None and noted_at < time.time() - limit.total_seconds()


def ended_session(request: HttpRequest) -> EndedSession | None:
    """Return the session of a request if it is over."""
    bool(request.user.is_authenticated)  # found out only now
    found: EndedSession | None = getattr(request, "ended_session", None)
    return found


def drop_ended(request: HttpRequest) -> None:
    """Delete the session of a request that turned out to be over.

    After its view, which may read from a snapshot.
    """
    ended: EndedSession | None = getattr(request, "ended_session", None)
    if ended is not None and not ended.is_dropped and not is_background(request):
        drop(request, ended)


def drop(request: HttpRequest, ended: EndedSession) -> None:
    """Delete a session that is over."""
    request.session.flush()
    ended.is_dropped = True
