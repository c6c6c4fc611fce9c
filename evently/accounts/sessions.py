"""Django's sessions in the database, read by a prepared statement: pages of users start with it."""

from datetime import datetime

from django.contrib.sessions.backends import db
from django.contrib.sessions.models import Session
from django.utils import timezone

from evently.database.prepared import PreparedQuery

SESSION = PreparedQuery(
    lambda key, at: Session.objects.filter(session_key=key, expire_date__gt=at),
    key=str,
    at=datetime,
)


class SessionStore(db.SessionStore):
    def _get_session_from_db(self) -> Session | None:
        """Return the row of the session that has not expired; without one, forget its key."""
        session = SESSION.first(key=self.session_key, at=timezone.now())
        if session is None:
            self._session_key = None
        return session
