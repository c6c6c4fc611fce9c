"""The catalogue of cold storage."""

from django.db import models

from evently.database.functions import Clock
from evently.database.models import Identified


class ColdState(models.TextChoices):
    """WRITING: counts for nothing yet. RESTORED: its rows are in the database for a while, too."""

    WRITING = "writing"
    STORED = "stored"
    RESTORED = "restored"


class ColdFile(Identified):
    """One file in cold storage: rows of one table and month, compressed and signed.

    Its rows are in the database as long as it is WRITING, and not any more once it is STORED: one
    transaction does both (`evently_move_to_cold`). `trg_cold_file_kept` keeps the row as long as
    the file is to be kept; deleting it is in the audit log.
    """

    table_name = models.TextField("table")
    # The first day of the month that its rows are of, in UTC.
    month = models.DateField()
    # In the storage of the alias "cold".
    name = models.TextField("file")
    state = models.TextField(
        choices=ColdState, default=ColdState.WRITING, db_default=ColdState.WRITING
    )
    rows = models.IntegerField(default=0, db_default=0)
    bytes = models.BigIntegerField(default=0, db_default=0)
    # Of the compressed file.
    sha256 = models.TextField(default="", db_default="", blank=True)
    # Ed25519, over what the manifest of the file says (`signing.manifest`).
    signature = models.TextField(default="", db_default="", blank=True)
    created_at = models.DateTimeField(db_default=Clock(), editable=False)
    stored_at = models.DateTimeField(null=True)
    restored_at = models.DateTimeField(null=True)
    delete_after = models.DateTimeField()

    class Meta:
        db_table = "cold_files"
        verbose_name = "file in cold storage"
        verbose_name_plural = "cold storage"
        ordering = ["-month", "table_name", "id"]
        constraints = [
            models.UniqueConstraint(fields=["name"], name="unq_cold_file"),
            models.CheckConstraint(
                name="chk_cold_state",
                condition=models.Q(state=ColdState.WRITING, stored_at__isnull=True)
                | models.Q(state=ColdState.STORED, stored_at__isnull=False)
                | models.Q(
                    state=ColdState.RESTORED, stored_at__isnull=False, restored_at__isnull=False
                ),
            ),
            models.CheckConstraint(
                name="chk_cold_checked",
                condition=models.Q(state=ColdState.WRITING)
                | models.Q(rows__gt=0, sha256__regex=r"^[0-9a-f]{64}$") & ~models.Q(signature=""),
            ),
        ]
        indexes = [
            models.Index(fields=["table_name", "month"], name="idx_cold_month"),
            models.Index(fields=["delete_after"], name="idx_cold_due"),
        ]

    def __str__(self) -> str:
        return self.name
