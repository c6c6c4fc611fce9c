"""What came back of emails, and the addresses that get none because of it."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from evently.database.functions import Clock
from evently.database.models import Identified
from evently.privacy.sealing import SEALED_PATTERN, SealedField

DIGEST_PATTERN = r"^[0-9a-f]{64}$"


class ReturnOutcome(models.TextChoices):
    """What a report says became of an email. `deferred`: the mail server tries again."""

    DELIVERED = "delivered"
    DEFERRED = "deferred"
    BOUNCED = "bounced"
    COMPLAINED = "complained", "Reported as spam"


class ReturnReason(models.TextChoices):
    """Why an email came back, or waits."""

    NONE = "", "–"
    NO_MAILBOX = "no_mailbox", "There is no such mailbox"
    NO_DOMAIN = "no_domain", "The part after the @ takes no email"
    DISABLED = "disabled", "The mailbox is closed"
    FULL = "full", "The mailbox is full"
    TOO_LARGE = "too_large", "The email is too large"
    BLOCKED = "blocked", "The mail server blocks emails of this site"
    EXPIRED = "expired", "The mail server could not be reached for days"
    SPAM = "spam", "The recipient reported it as spam"
    OTHER = "other", "No reason that is known"


class EmailReturn(Identified):
    """A report of what became of an email; rows are only added (`trg_return_kept`).

    delivery_id: the email, in the delivery log. is_permanent: the address takes no emails later
    either. is_proven: the report had the email's token. code: of RFC 3463. address_digest: of the
    address it went to, "" where that has changed since. digest: the same for the same report.
    applied_at: when what follows from it was carried out, null before.
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
    outcome = models.TextField(choices=ReturnOutcome)
    reason = models.TextField(choices=ReturnReason, default="", db_default="", blank=True)
    code = models.TextField(default="", db_default="", blank=True)
    is_permanent = models.BooleanField(default=False, db_default=False)
    is_proven = models.BooleanField(default=False, db_default=False)
    source = models.TextField()
    digest = models.TextField(editable=False)
    address_digest = models.TextField(default="", db_default="", blank=True, editable=False)
    occurred_at = models.DateTimeField(db_default=Clock())
    created_at = models.DateTimeField(db_default=Clock(), editable=False)
    applied_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        db_table = "email_returns"
        constraints = [
            models.UniqueConstraint(fields=["digest"], name="unq_return_digest"),
            models.CheckConstraint(
                name="chk_return_outcome", condition=Q(outcome__in=ReturnOutcome.values)
            ),
            models.CheckConstraint(
                name="chk_return_reason", condition=Q(reason__in=ReturnReason.values)
            ),
            # No words of mail servers, which often repeat personal data.
            models.CheckConstraint(
                name="chk_return_code", condition=Q(code__regex=r"^([245]\.\d{1,3}\.\d{1,3})?$")
            ),
            models.CheckConstraint(
                name="chk_return_source", condition=Q(source__regex=r"^[a-z_]{1,30}$")
            ),
            models.CheckConstraint(
                name="chk_return_digests",
                condition=Q(digest__regex=DIGEST_PATTERN)
                & (Q(address_digest="") | Q(address_digest__regex=DIGEST_PATTERN)),
            ),
            models.CheckConstraint(
                name="chk_return_permanent",
                condition=Q(is_permanent=False) | Q(outcome__in=["bounced", "complained"]),
            ),
        ]
        indexes = [
            models.Index(fields=["delivery_id", "created_at"], name="idx_returns_delivery"),
            models.Index(fields=["user"], name="idx_returns_user"),
            models.Index(fields=["address_digest", "created_at"], name="idx_returns_address"),
            models.Index(
                fields=["event_id", "delivery_id"],
                name="idx_returns_failed",
                condition=Q(outcome__in=["bounced", "complained"]),
            ),
            models.Index(
                fields=["created_at"],
                name="idx_returns_unapplied",
                condition=Q(applied_at__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return self.get_outcome_display()


class SuppressionReason(models.TextChoices):
    """Why an address gets no emails; the one that weighs most first."""

    HARD_BOUNCE = "hard_bounce", "The address does not exist"
    COMPLAINT = "complaint", "Reported as spam"
    SOFT_BOUNCES = "soft_bounces", "Emails kept coming back"


class Release(models.TextChoices):
    """Who let an address get emails again. `delivered`: an email has reached it meanwhile."""

    NONE = "", "–"
    PERSON = "person", "The person"
    ADMIN = "admin", "An administrator"
    DELIVERED = "delivered", "An email that arrived"


class Suppression(Identified):
    """That an address gets no emails, since when and why, and who released it.

    The address is sealed under the user's key, and looked up by its digest. All but the release
    stays as it is, which is final (`trg_suppression_kept`); after one reason, a person releases an
    address once a day and three times in thirty days (`trg_suppression_released`).
    """

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.DO_NOTHING,
        related_name="suppressions",
        db_constraint=False,
        db_index=False,
    )
    address_digest = models.TextField(editable=False)
    address = SealedField("email address", editable=False)
    reason = models.TextField(choices=SuppressionReason)
    # The report that it follows from, kept for a shorter time.
    return_id = models.UUIDField(null=True, blank=True)
    created_at = models.DateTimeField(db_default=Clock(), editable=False)
    released_at = models.DateTimeField(null=True, blank=True)
    release = models.TextField(choices=Release, default="", db_default="", blank=True)
    # Null also once that person's account is deleted from the database.
    released_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.DO_NOTHING,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )

    class Meta:
        db_table = "suppressions"
        verbose_name = "suppressed address"
        verbose_name_plural = "suppressed addresses"
        constraints = [
            models.UniqueConstraint(
                fields=["address_digest", "reason"],
                name="unq_suppression_open",
                condition=Q(released_at__isnull=True),
            ),
            models.CheckConstraint(
                name="chk_suppression_reason", condition=Q(reason__in=SuppressionReason.values)
            ),
            models.CheckConstraint(
                name="chk_suppression_digest", condition=Q(address_digest__regex=DIGEST_PATTERN)
            ),
            models.CheckConstraint(
                name="chk_suppression_sealed", condition=Q(address__regex=SEALED_PATTERN)
            ),
            models.CheckConstraint(
                name="chk_suppression_release",
                condition=Q(released_at__isnull=True, release="", released_by__isnull=True)
                | Q(
                    released_at__isnull=False,
                    released_at__gte=F("created_at"),
                    release__in=[value for value in Release.values if value],
                ),
            ),
        ]
        indexes = [
            models.Index(fields=["user", "created_at"], name="idx_suppressions_user"),
            models.Index(fields=["-created_at", "-id"], name="idx_suppressions_recent"),
            models.Index(fields=["address_digest"], name="idx_suppressions_address"),
            models.Index(
                fields=["released_by"],
                name="idx_suppressions_by",
                condition=Q(released_by__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        """Return the reason only: no personal data in logs."""
        return self.get_reason_display()

    @property
    def address_in_full(self) -> str:
        """The email address, or "" for erased users; needs the user's key loaded."""
        key = self.user.key
        return (key and key.open("recipient", self.address)) or ""
