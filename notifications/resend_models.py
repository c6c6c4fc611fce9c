"""Sending many emails again, in the background."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q, Value
from django.db.models.functions import Coalesce

from evently.database.functions import Clock
from evently.database.models import Identified

NO_EVENT = "00000000-0000-0000-0000-000000000000"


class ResendRun(Identified):
    """Emails that a person wanted to be sent again together, and how far that is.

    user: who asked for it. event_id: whose emails they are; null for those of several events, which
    superusers choose. delivery_ids: the emails, in the order in which they are dealt with; `done`
    says how many were. sent, waiting, too_often, gone, suppressed: what became of them
    (`resent_rows.Resent`). One run of an event, and of all, is open at a time
    (`unq_resend_run_open`); what was asked for stays as it is (`trg_delivery_frozen`).
    """

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
    delivery_ids = ArrayField(models.UUIDField())
    done = models.PositiveIntegerField(default=0, db_default=0)
    sent = models.PositiveIntegerField(default=0, db_default=0)
    waiting = models.PositiveIntegerField(default=0, db_default=0)
    too_often = models.PositiveIntegerField(default=0, db_default=0)
    gone = models.PositiveIntegerField(default=0, db_default=0)
    # How many by the reason of their address's suppression.
    suppressed = models.JSONField(default=dict, db_default=Value({}, models.JSONField()))
    created_at = models.DateTimeField(db_default=Clock(), editable=False)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "resend_runs"
        constraints = [
            models.UniqueConstraint(
                Coalesce("event_id", Value(NO_EVENT, models.UUIDField())),
                name="unq_resend_run_open",
                condition=Q(finished_at__isnull=True),
            ),
            models.CheckConstraint(
                name="chk_resend_run_number",
                condition=Q(delivery_ids__len__gte=1) & Q(delivery_ids__len__lte=50_000),
            ),
        ]
        indexes = [
            models.Index(fields=["event_id", "created_at"], name="idx_resend_runs_event"),
            models.Index(fields=["user"], name="idx_resend_runs_user"),
        ]

    def __str__(self) -> str:
        return f"{self.done} emails"

    @property
    def is_finished(self) -> bool:
        return self.finished_at is not None
