"""Sessions as their users see them."""

from django.conf import settings
from django.db import models

from evently.accounts.security_models import DIGEST_PATTERN
from evently.database.functions import Clock
from evently.database.models import Identified


class UserSession(Identified):
    """A session that is logged in, as its owner sees it; the session itself is Django's.

    Deleting the row ends the session (`trg_session_ended`), and the row goes with the session
    (`trg_session_gone`), with its user, and with each change of what sessions depend on, such as
    the password (`trg_user_sessions`). IP address and user agent are those of the login, replaced
    by later ones when the session is used.
    """

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        db_index=False,
        related_name="listed_sessions",
    )
    # SHA-256 of the session's key, which logs in.
    session_digest = models.TextField(editable=False)
    ip_address = models.GenericIPAddressField("IP address", null=True, blank=True)
    user_agent = models.TextField(blank=True, default="", db_default="")
    started_at = models.DateTimeField(db_default=Clock(), editable=False)
    # Written at most once an hour.
    last_seen_at = models.DateTimeField(db_default=Clock(), editable=False)

    class Meta:
        db_table = "user_sessions"
        constraints = [
            models.UniqueConstraint(fields=["session_digest"], name="unq_session_digest"),
            models.CheckConstraint(
                condition=models.Q(session_digest__regex=DIGEST_PATTERN), name="chk_session_digest"
            ),
        ]
        indexes = [models.Index(fields=["user", "last_seen_at"], name="idx_user_sessions_user")]

    def __str__(self) -> str:
        """Return the id only: no personal data in logs."""
        return f"Session {self.pk}"
