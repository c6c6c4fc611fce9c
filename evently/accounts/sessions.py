"""Django's sessions in the database, read by a prepared statement: pages of users start with it.

A session that is logged in is also a row that its owner sees (`UserSession`), under the digest of
its key. What a session remembers about its login is in its own data, so that asking costs no query.
When it is over: `evently.accounts.ended_sessions`.

A session says who a request is from, so it is read and written as the worker. Its key, which cannot
be guessed, finds one only.
"""

import time
from typing import Any

from django.contrib.auth import SESSION_KEY, update_session_auth_hash
from django.contrib.sessions.backends import db
from django.contrib.sessions.models import Session
from django.db import connection
from django.http import HttpRequest
from django.utils import timezone

from evently.accounts.models import User, UserSession
from evently.accounts.operations.sessions import digest_of_session, note_session
from evently.accounts.queries import active_users
from evently.accounts.session_limits import lifetime, noting_interval
from evently.database.identity import as_worker
from evently.database.prepared import PreparedQuery, execute_prepared
from evently.origin import origin_of

# When the session was last noted in the list of sessions, in seconds since 1970.
NOTED_AT = "noted_at"
# Since when the session is logged in, as its owner's list says.
STARTED_AT = "started_at"
# A form that waits for its user to log in again (evently.accounts.held_forms).
KEPT_FORM = "kept_form"

# The user of a session that is listed, which is what nearly all sessions of users are.
LISTED_USER = PreparedQuery(
    lambda digest: active_users().filter(
        pk__in=UserSession.objects.filter(session_digest=digest).values("user_id")
    ),
    digest=str,
)
# Both in one query, since every page of a user begins with it.
WITH_USER = """
    SELECT found.session_data, found.expire_date, listed.*
    FROM django_session found LEFT JOIN ({}) listed ON true
    WHERE found.session_key = %s
"""


class SessionStore(db.SessionStore):
    # The user, where the session is listed.
    read_user: User | None = None
    # Who was logged in until the session expired.
    expired_user_id: str | None = None

    @as_worker()
    def exists(self, session_key: str) -> bool:
        return super().exists(session_key)

    @as_worker()
    def save(self, must_create: bool = False) -> None:
        super().save(must_create)

    @as_worker()
    def delete(self, session_key: str | None = None) -> None:
        super().delete(session_key)

    def load(self) -> dict[str, Any]:
        """Return the session's data: none once it has expired.

        Of one that was logged in, who that was is remembered, and the key, which ends with it.
        """
        session = self._get_session_from_db()
        if session is None:
            return {}
        data: dict[str, Any] = self.decode(session.session_data)
        if session.expire_date > timezone.now():
            return data
        self.expired_user_id = data.get(SESSION_KEY)
        if self.expired_user_id is None:
            self._session_key = None
        return {}

    @as_worker()
    def _get_session_from_db(self) -> Session | None:
        """Return the row of the session, expired or not; without one, forget its key.

        Its user is read with it.
        """
        key = self.session_key or ""
        listed, parameters = LISTED_USER.part(digest=digest_of_session(key))
        rows = execute_prepared(connection, WITH_USER.format(listed), [*parameters, key])
        if not rows:
            self._session_key = None
            return None
        ((data, end, *user),) = rows
        self.read_user = LISTED_USER.made([user])[0] if any(user) else None
        return Session(session_key=key, session_data=data, expire_date=end)

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
    """Let the session end a lifetime from now: saving it would put that off each time."""
    request.session.set_expiry(timezone.now() + lifetime())


def _note(request: HttpRequest, user: User) -> None:
    session = request.session
    session[NOTED_AT] = int(time.time())
    session[STARTED_AT] = note_session(
        user_id=user.pk,
        session_key=session.session_key or "",
        origin=origin_of(request),
        started_at=session.get(STARTED_AT),
    )


def is_background(request: HttpRequest) -> bool:
    """Return whether an open page asked for a part of itself, such as an image or the inbox's list.

    That is no use of the session, or one would last as long as a page is open somewhere.
    """
    if request.method not in ("GET", "HEAD"):
        return False
    # Browsers send the second one with https.
    return (
        request.headers.get("HX-Request") == "true"
        or request.headers.get("Sec-Fetch-Dest", "document") != "document"
    )


def note_use(request: HttpRequest) -> None:
    """Note now and then, at most once an hour, that the session of a request is used, and where.

    Only what has been read already is asked: not a query more, except when it is noted.
    """
    session = request.session
    if (
        session.accessed
        and SESSION_KEY in session
        and session.get(NOTED_AT, 0) < time.time() - noting_interval().total_seconds()
        and not is_background(request)
        and request.user.is_authenticated
    ):
        if NOTED_AT not in session:  # logged in under the release before
            _fix_end(request)
        session.pop(KEPT_FORM, None)  # too old by now
        _note(request, request.user)
