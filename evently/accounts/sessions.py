"""Django's sessions in the database, read by a prepared statement: pages of users start with it.

A session that is logged in is also a row that its owner sees (`UserSession`), under the digest of
its key. What a session remembers about its login is in its own data, so that asking costs no query.

A session says who a request is from, so it is read and written as the worker. Its key, which cannot
be guessed, finds one only.
"""

import time
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth import SESSION_KEY, update_session_auth_hash
from django.contrib.sessions.backends import db
from django.contrib.sessions.models import Session
from django.http import HttpRequest
from django.utils import timezone

from evently.accounts.models import User, UserSession
from evently.accounts.operations.sessions import digest_of_session, note_session
from evently.database.identity import as_worker
from evently.database.prepared import PreparedQuery
from evently.origin import origin_of

# When the session was last noted in the list of sessions, in seconds since 1970.
NOTED_AT = "noted_at"
NOTED_EVERY_SECONDS = 3600
# Since when the session is logged in, as its owner's list says.
STARTED_AT = "started_at"

SESSION = PreparedQuery(
    lambda key, at: Session.objects.filter(session_key=key, expire_date__gt=at),
    key=str,
    at=datetime,
)


class SessionStore(db.SessionStore):
    @as_worker()
    def exists(self, session_key: str) -> bool:
        return super().exists(session_key)

    @as_worker()
    def save(self, must_create: bool = False) -> None:
        super().save(must_create)

    @as_worker()
    def delete(self, session_key: str | None = None) -> None:
        super().delete(session_key)

    @as_worker()
    def _get_session_from_db(self) -> Session | None:
        """Return the row of the session that has not expired; without one, forget its key."""
        session: Any = SESSION.first(key=self.session_key, at=timezone.now())
        if session is None:
            self._session_key = None
        return session

    @as_worker()
    def cycle_key(self) -> None:
        """Give the session a new key; it stays the same one in its owner's list."""
        before, data = self.session_key, dict(self.items())
        self.create()
        self._session_cache = data
        if before is None:
            return
        if SESSION_KEY in self:
            UserSession.objects.filter(session_digest=digest_of_session(before)).update(
                session_digest=digest_of_session(self.session_key or "")
            )
        self.delete(before)


def begin_listed_session(request: HttpRequest, user: User) -> None:
    """List a session that has just been logged in, and fix when it ends."""
    if request.session.session_key is None:
        request.session.create()
    request.session.pop(STARTED_AT, None)
    _fix_end(request)
    _note(request, user)


def keep_session(request: HttpRequest, user: User) -> None:
    """Keep the current session where an operation ended all sessions of the user."""
    update_session_auth_hash(request, user)
    _note(request, user)


def _fix_end(request: HttpRequest) -> None:
    """Let the session end SESSION_COOKIE_AGE from now: saving it would put that off each time."""
    request.session.set_expiry(timezone.now() + timedelta(seconds=settings.SESSION_COOKIE_AGE))


def _note(request: HttpRequest, user: User) -> None:
    session = request.session
    session[NOTED_AT] = int(time.time())
    session[STARTED_AT] = note_session(
        user_id=user.pk,
        session_key=session.session_key or "",
        origin=origin_of(request),
        started_at=session.get(STARTED_AT),
    )


def note_use(request: HttpRequest) -> None:
    """Note at most once an hour that the session of a request is used, and from where.

    Only what has been read already is asked: not a query more, except in the hour's first request.
    """
    session = request.session
    if (
        session.accessed
        and SESSION_KEY in session
        and session.get(NOTED_AT, 0) < time.time() - NOTED_EVERY_SECONDS
        and request.user.is_authenticated
    ):
        if NOTED_AT not in session:  # logged in under the release before
            _fix_end(request)
        _note(request, request.user)
