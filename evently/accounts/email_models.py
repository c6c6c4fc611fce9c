"""Emails that were requested for an address, and those sent to unconfirmed ones."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models

from evently.database.functions import Clock
from evently.database.models import Identified
from evently.privacy.sealing import SEALED_PATTERN, SealedField


class UnconfirmedEmail(Identified):
    """An email to an unconfirmed address, kept for a day to limit their number.

    `trg_unconfirmed_emails` refuses more than the limit, and sets the time. `email_id`: of the
    notification. Of the address there is a digest only, that of its mailbox.
    """

    mailbox_digest = models.TextField(editable=False)
    email_id = models.UUIDField(editable=False)
    sent_at = models.DateTimeField(db_default=Clock(), editable=False)

    class Meta:
        db_table = "unconfirmed_emails"
        constraints = [
            models.UniqueConstraint(fields=["email_id"], name="unq_unconfirmed_email"),
            models.CheckConstraint(
                condition=models.Q(mailbox_digest__regex=r"^[0-9a-f]{64}$"),
                name="chk_unconfirmed_mailbox",
            ),
        ]
        indexes = [
            models.Index(fields=["mailbox_digest", "sent_at"], name="idx_unconfirmed_mailbox"),
            models.Index(fields=["sent_at"], name="idx_unconfirmed_sent"),
        ]

    def __str__(self) -> str:
        """Return the id only: no personal data in logs."""
        return f"Email {self.email_id}"


class RequestKind(models.TextChoices):
    """What kind of email was requested."""

    PASSWORD_RESET = "password_reset"  # noqa: S105
    LOGIN_LINK = "login_link"
    VERIFICATION = "verification"
    REGISTRATION = "registration"


class EmailRequest(Identified):
    """A request for an email that is not answered yet, deleted when it is (`answering.answer`).

    Written for any address, whether or not it has an account. `user_id`: who registered, if the
    account is new, or who asks for a verification; maybe a duplicate.
    """

    kind = models.TextField(choices=RequestKind)
    # Under all known keys.
    email_digests = ArrayField(models.TextField(), editable=False)
    user_id = models.UUIDField(null=True, blank=True, editable=False)
    created_at = models.DateTimeField(db_default=Clock(), editable=False)

    class Meta:
        db_table = "email_requests"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(kind__in=RequestKind.values), name="chk_email_request_kind"
            ),
            models.CheckConstraint(
                condition=models.Q(email_digests__len__gt=0), name="chk_email_request_digest"
            ),
        ]

    def __str__(self) -> str:
        """Return the id only: no personal data in logs."""
        return f"Request {self.pk}"


class EmailChange(Identified):
    """A change of an account's email address: requested, confirmed, undone.

    The addresses are sealed under the user's key; the row is deleted with the account.
    """

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        db_index=False,
        related_name="email_changes",
    )
    old_email = SealedField("old email address", editable=False)
    new_email = SealedField("new email address", editable=False)
    requested_at = models.DateTimeField(db_default=Clock(), editable=False)
    confirmed_at = models.DateTimeField(null=True, blank=True)
    undone_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "email_changes"
        constraints = [
            models.UniqueConstraint(
                fields=["user"],
                name="unq_email_change_open",
                condition=models.Q(confirmed_at__isnull=True),
            ),
            models.CheckConstraint(
                name="chk_email_change_sealed",
                condition=models.Q(
                    old_email__regex=SEALED_PATTERN, new_email__regex=SEALED_PATTERN
                ),
            ),
            models.CheckConstraint(
                name="chk_email_change_order",
                condition=models.Q(confirmed_at__isnull=True, undone_at__isnull=True)
                | models.Q(confirmed_at__gte=models.F("requested_at"), undone_at__isnull=True)
                | models.Q(
                    confirmed_at__isnull=False,
                    confirmed_at__gte=models.F("requested_at"),
                    undone_at__gte=models.F("confirmed_at"),
                ),
            ),
        ]
        indexes = [models.Index(fields=["user", "requested_at"], name="idx_email_changes_user")]
