"""Exports of a person's data: files that are made in the background and kept for a week."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models

from evently.database.functions import Clock
from evently.database.models import Identified
from evently.formatting import months


class ExportStatus(models.TextChoices):
    REQUESTED = "requested"
    READY = "ready"
    FAILED = "failed"
    # By a newer file; kept to count the requests of a day.
    REPLACED = "replaced"


class DataExport(Identified):
    """A request for all data about a user, and the file once it is made.

    The file lies in `data_export_parts`, which every machine reaches, sealed under the user's key:
    erasing the account makes it unreadable wherever it was copied. It is deleted at `expires_at`.
    """

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        db_index=False,
        related_name="data_exports",
    )
    status = models.TextField(
        choices=ExportStatus, default=ExportStatus.REQUESTED, db_default=ExportStatus.REQUESTED
    )
    requested_at = models.DateTimeField(db_default=Clock(), editable=False)
    # When a task began to make the file, and how often one has.
    started_at = models.DateTimeField(null=True, blank=True, editable=False)
    attempts = models.SmallIntegerField(default=0, db_default=0, editable=False)
    ready_at = models.DateTimeField(null=True, blank=True, editable=False)
    expires_at = models.DateTimeField(null=True, blank=True, editable=False)
    size_bytes = models.BigIntegerField(null=True, blank=True, editable=False)
    parts = models.IntegerField(null=True, blank=True, editable=False)
    # Months, by their first day, of which a file in cold storage could not be read.
    unread_months = ArrayField(
        models.DateField(),
        default=list,
        db_default=models.Value([], ArrayField(models.DateField())),
        editable=False,
    )

    class Meta:
        db_table = "data_exports"
        constraints = [
            models.UniqueConstraint(
                fields=["user"],
                name="unq_data_export_open",
                condition=models.Q(status=ExportStatus.REQUESTED),
            ),
            models.UniqueConstraint(fields=["id", "user"], name="unq_data_export_owner"),
            models.CheckConstraint(
                condition=models.Q(status__in=ExportStatus.values), name="chk_data_export_status"
            ),
            models.CheckConstraint(
                condition=models.Q(
                    status=ExportStatus.READY,
                    ready_at__isnull=False,
                    expires_at__isnull=False,
                    expires_at__gt=models.F("ready_at"),
                    size_bytes__isnull=False,
                    size_bytes__gt=0,
                    parts__isnull=False,
                    parts__gt=0,
                )
                | (
                    ~models.Q(status=ExportStatus.READY)
                    & models.Q(
                        ready_at__isnull=True,
                        expires_at__isnull=True,
                        size_bytes__isnull=True,
                        parts__isnull=True,
                    )
                ),
                name="chk_data_export_ready",
            ),
        ]
        indexes = [
            models.Index(fields=["user", "requested_at"], name="idx_data_exports_user"),
            models.Index(fields=["requested_at"], name="idx_data_exports_requested"),
        ]

    def __str__(self) -> str:
        """Return the id only: no personal data in logs."""
        return f"Export {self.pk}"

    @property
    def is_ready(self) -> bool:
        return self.status == ExportStatus.READY

    @property
    def missing(self) -> str:
        """The months that it lacks, as part of a sentence; "" where it is complete."""
        return months(self.unread_months) if self.unread_months else ""

    @property
    def is_open(self) -> bool:
        """Whether the file is still to be made."""
        return self.status == ExportStatus.REQUESTED


class DataExportPart(Identified):
    """A part of a file, sealed; of the same user as its export (`fk_data_export_parts_export`)."""

    export = models.ForeignKey(
        DataExport,
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        db_index=False,
        related_name="+",
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        db_index=False,
        related_name="+",
    )
    number = models.IntegerField(editable=False)
    sealed = models.BinaryField(editable=False)

    class Meta:
        db_table = "data_export_parts"
        constraints = [
            models.UniqueConstraint(fields=["export", "number"], name="unq_export_part"),
            models.CheckConstraint(
                condition=models.Q(number__gte=0), name="chk_export_part_number"
            ),
        ]

    def __str__(self) -> str:
        return f"Part {self.number}"
