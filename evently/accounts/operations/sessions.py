"""Sessions in the database, which outlive their users' visits and name them."""

from datetime import timedelta
from hashlib import sha256
from uuid import UUID

from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import connection
from django.utils import timezone

from evently.accounts.models import UserSession
from evently.database.clock import now
from evently.database.identity import as_worker
from evently.errors import NotFound
from evently.origin import Origin
from evently.transactions import run_in_transaction

ROWS_PER_STATEMENT = 1_000

# Not for a session that has ended meanwhile: its row would stay.
NOTE = """
    INSERT INTO user_sessions (user_id, session_digest, ip_address, user_agent, started_at)
    SELECT %s, %s, %s::inet, %s, coalesce(%s::timestamptz, evently_clock())
    FROM django_session WHERE session_key = %s
    ON CONFLICT (session_digest) DO UPDATE
    SET last_seen_at = evently_clock(), ip_address = excluded.ip_address,
        user_agent = excluded.user_agent
    WHERE user_sessions.user_id = excluded.user_id
    RETURNING started_at
"""


class SessionNotFound(NotFound):
    """The user has no session with this id; it may have ended already."""

    message = "This session has ended already."


def digest_of_session(session_key: str) -> str:
    return sha256(session_key.encode()).hexdigest()


@as_worker()
def note_session(
    *, user_id: UUID, session_key: str, origin: Origin, started_at: str | None = None
) -> str | None:
    """List a session of a user, or note that it is used; return since when it is logged in.

    started_at: if it is known. Returns None, and does nothing, if the session has ended.
    """
    row = (user_id, digest_of_session(session_key), origin.ip_address, origin.user_agent)
    with connection.cursor() as cursor:
        cursor.execute(NOTE, [*row, started_at, session_key])
        noted = cursor.fetchone()
    return noted[0].isoformat() if noted else None


def end_session(*, user_id: UUID, session_id: UUID) -> None:
    """End one session of a user: its next request is a visitor's (`trg_session_ended`).

    Raises SessionNotFound.
    """

    def work() -> None:
        deleted, _ = UserSession.objects.filter(user_id=user_id, pk=session_id).delete()
        if not deleted:
            raise SessionNotFound

    run_in_transaction(work)


def delete_expired_sessions() -> int:
    """Delete sessions that have expired, in batches; return how many.

    They go off the lists of their users (`trg_session_gone`).
    """
    total = 0
    while True:
        expired = Session.objects.filter(expire_date__lt=timezone.now()).values_list(
            "pk", flat=True
        )
        deleted, _ = Session.objects.filter(pk__in=list(expired[:ROWS_PER_STATEMENT])).delete()
        total += deleted
        if deleted < ROWS_PER_STATEMENT:
            break
    # Listed while their session was being deleted.
    longest = timedelta(seconds=settings.SESSION_COOKIE_AGE)
    UserSession.objects.filter(started_at__lt=now() - 2 * longest).delete()
    return total
