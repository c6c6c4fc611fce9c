"""Every attempt to send an email, and what a sent email said."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Length
from django.db.models.lookups import GreaterThanOrEqual, LessThanOrEqual

from evently.database.functions import Clock
from evently.database.models import Identified
from evently.email_providers import NAME_PATTERN


class AttemptOutcome(models.TextChoices):
    """What became of an attempt. `unknown`: the provider may have taken the email."""

    ACCEPTED = "accepted", "Handed over"
    DEFERRED = "deferred", "Not accepted for now"
    REFUSED = "refused", "Refused"
    UNREACHABLE = "unreachable", "Provider did not answer"
    UNKNOWN = "unknown", "Outcome unknown"
    HELD = "held", "Held back"
    WITHHELD = "withheld", "Not sent"


class EmailAttempt(Identified):
    """One provider that was tried for an email, and its answer; rows stay (`trg_delivery_frozen`).

    id: that of the attempt, for its last provider. number: of the attempt, from 1. error: as in the
    delivery log. code: of SMTP or HTTP, with the enhanced one. answer: the server's words, without
    those that name people (`providers.answers`).
    """

    delivery_id = models.UUIDField()
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.DO_NOTHING,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )
    event_id = models.UUIDField(null=True, blank=True)
    # That of the event, derived: `evently_organizer_set`.
    organizer_id = models.UUIDField(null=True, editable=False)
    number = models.PositiveSmallIntegerField()
    # "" where none was tried.
    provider = models.TextField(default="", db_default="", blank=True)
    outcome = models.TextField(choices=AttemptOutcome)
    error = models.TextField(default="", db_default="", blank=True)
    code = models.TextField(default="", db_default="", blank=True)
    answer = models.TextField(default="", db_default="", blank=True)
    created_at = models.DateTimeField(db_default=Clock(), editable=False)

    class Meta:
        db_table = "email_attempts"
        constraints = [
            models.CheckConstraint(
                name="chk_email_attempt_outcome", condition=Q(outcome__in=AttemptOutcome.values)
            ),
            models.CheckConstraint(
                name="chk_email_attempt_provider",
                condition=Q(provider="") | Q(provider__regex=NAME_PATTERN),
            ),
            models.CheckConstraint(
                name="chk_email_attempt_code",
                condition=Q(code__regex=r"^(\d{3}( [245]\.\d{1,3}\.\d{1,3})?)?$"),
            ),
            # No addresses, and no more than a line.
            models.CheckConstraint(
                name="chk_email_attempt_answer", condition=Q(answer__regex=r"^[^@\n\r]{0,240}$")
            ),
        ]
        indexes = [models.Index(fields=["user", "delivery_id"], name="idx_attempts_email")]

    def __str__(self) -> str:
        return self.get_outcome_display()


class SentEmail(Identified):
    """What a sent email said, without its links and codes; the row stays (`trg_delivery_frozen`).

    id: that of the attempt that sent it. sealed: under the recipient's key (`copies.content`), so
    that it becomes unreadable when the user is erased.
    """

    delivery_id = models.UUIDField()
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.DO_NOTHING,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )
    event_id = models.UUIDField(null=True, blank=True)
    # That of the event, derived: `evently_organizer_set`.
    organizer_id = models.UUIDField(null=True, editable=False)
    sealed = models.BinaryField()
    created_at = models.DateTimeField(db_default=Clock(), editable=False)

    class Meta:
        db_table = "sent_emails"
        verbose_name = "copy of an email"
        verbose_name_plural = "copies of emails"
        constraints = [
            # Nonce and tag alone are 28 bytes; content that is larger is not kept.
            models.CheckConstraint(
                name="chk_sent_email_sealed",
                condition=Q(
                    GreaterThanOrEqual(Length("sealed"), 29),
                    LessThanOrEqual(Length("sealed"), 70_000),
                ),
            ),
        ]
        indexes = [models.Index(fields=["user", "delivery_id"], name="idx_sent_emails_email")]

    def __str__(self) -> str:
        """Return the id only: no personal data in logs."""
        return str(self.pk)
