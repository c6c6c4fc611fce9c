"""Reports of email services that came before the email's id was stored."""

from django.db import models
from django.db.models import Q

from evently.database.functions import Clock
from evently.database.models import Identified
from notifications.return_models import DIGEST_PATTERN, ReturnOutcome, ReturnReason


class EarlyReport(Identified):
    """A report that names an email by an id that no row has yet; deleted within an hour.

    message_id: the service's. recipient_digest: of that and the address together, which tells
    nothing about a person, "" where the report names no address. The rest is as in EmailReturn.
    """

    message_id = models.TextField()
    recipient_digest = models.TextField(default="", db_default="", blank=True)
    outcome = models.TextField(choices=ReturnOutcome)
    reason = models.TextField(choices=ReturnReason, default="", db_default="", blank=True)
    code = models.TextField(default="", db_default="", blank=True)
    is_permanent = models.BooleanField(default=False, db_default=False)
    source = models.TextField()
    digest = models.TextField()
    occurred_at = models.DateTimeField(db_default=Clock())
    created_at = models.DateTimeField(db_default=Clock(), editable=False)

    class Meta:
        db_table = "early_reports"
        constraints = [
            models.UniqueConstraint(fields=["digest"], name="unq_early_report_digest"),
            models.CheckConstraint(
                name="chk_early_report_message", condition=Q(message_id__regex=r"^[!-~]{1,200}$")
            ),
            # So that it can become an EmailReturn.
            models.CheckConstraint(
                name="chk_early_report_verdict",
                condition=Q(outcome__in=ReturnOutcome.values)
                & Q(reason__in=ReturnReason.values)
                & Q(code__regex=r"^([245]\.\d{1,3}\.\d{1,3})?$")
                & (Q(is_permanent=False) | Q(outcome__in=["bounced", "complained"])),
            ),
            models.CheckConstraint(
                name="chk_early_report_source", condition=Q(source__regex=r"^[a-z_]{1,30}$")
            ),
            models.CheckConstraint(
                name="chk_early_report_digests",
                condition=Q(digest__regex=DIGEST_PATTERN)
                & (Q(recipient_digest="") | Q(recipient_digest__regex=DIGEST_PATTERN)),
            ),
        ]

    def __str__(self) -> str:
        return self.get_outcome_display()
