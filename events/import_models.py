"""Imports of events from files: each is read into rows, shown, carried out, and can be undone."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from evently.database.models import Identified


class ImportState(models.TextChoices):
    """What an import is doing, or waits for."""

    READING = "reading", "Being read"
    ASKING = "asking", "Waiting for answers"
    READY = "ready", "Ready to be imported"
    APPLYING = "applying", "Being imported"
    APPLIED = "applied", "Imported"
    UNDOING = "undoing", "Being undone"
    UNDONE = "undone", "Undone"
    FAILED = "failed", "Cannot be read"


# Work in the background; other states wait for the organizer.
AT_WORK = (ImportState.READING, ImportState.APPLYING, ImportState.UNDOING)
# Nothing has been imported yet, so the import can be discarded.
DISCARDABLE = (ImportState.READING, ImportState.ASKING, ImportState.READY, ImportState.FAILED)


class EventImport(Identified):
    """One upload of a file. It is visible to its organizer, and to superusers.

    content: the file, until its events are imported. answers: what the organizer chose, as
    `events.importing.stored` writes it. questions: sentences by answer, for what the file leaves
    open. left_out: how often each column is filled in that is not imported. rows_total, rows_done:
    progress of the current work. claim: of the task that reads; attempts: how often one began to.
    """

    organizer = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.DO_NOTHING,
        related_name="event_imports",
        db_constraint=False,
        db_index=False,
    )
    file_name = models.CharField(max_length=255)
    content = models.BinaryField(null=True, editable=False)
    answers = models.JSONField(default=dict, db_default={})
    questions = models.JSONField(default=dict, db_default={})
    left_out = models.JSONField(default=dict, db_default={})
    assumed = models.JSONField(default=list, db_default=[])
    problem = models.TextField(blank=True, default="", db_default="")
    state = models.TextField(
        choices=ImportState, default=ImportState.READING, db_default=ImportState.READING
    )
    rows_total = models.IntegerField(default=0, db_default=0)
    rows_done = models.IntegerField(default=0, db_default=0)
    attempts = models.IntegerField(default=0, db_default=0)
    claim = models.UUIDField(null=True, editable=False)
    applied_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    updated_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        db_table = "event_imports"
        verbose_name = "import"
        constraints = [
            models.CheckConstraint(
                # All states, and that the file is kept only as long as it may be read again.
                name="chk_import_content",
                condition=Q(content__isnull=True, state__in=("applying", "applied"))
                | Q(content__isnull=True, state__in=("undoing", "undone"))
                | Q(content__isnull=False, state__in=DISCARDABLE),
            ),
            models.CheckConstraint(
                name="chk_import_applied",
                condition=Q(applied_at__isnull=False)
                | ~Q(state__in=("applied", "undoing", "undone")),
            ),
        ]
        indexes = [
            models.Index(F("organizer"), F("id").desc(), name="idx_import_organizer"),
            models.Index(
                fields=["updated_at"],
                name="idx_import_open",
                condition=~Q(state__in=("applied", "undone")),
            ),
        ]

    def __str__(self) -> str:
        return self.file_name

    @property
    def is_at_work(self) -> bool:
        return self.state in AT_WORK

    @property
    def is_discardable(self) -> bool:
        return self.state in DISCARDABLE


class RowOutcome(models.TextChoices):
    """What an import means to do with a row."""

    NEW = "new", "New"
    CHANGED = "changed", "Changed"
    UNCHANGED = "unchanged", "Unchanged"
    REFUSED = "refused", "Refused"


class RowState(models.TextChoices):
    """What has become of a row that was to be imported."""

    PLANNED = "planned", "Planned"
    DONE = "done", "Imported"
    FAILED = "failed", "Refused"
    UNDONE = "undone", "Undone"
    KEPT = "kept", "Kept"


class EventImportRow(Identified):
    """One row of an imported file, or one date of a recurring event.

    columns: of the event, as the file has them. changes: columns of an existing event that the
    import changes, each with its value before and after. event_id: of the event that the row made
    or changed, kept when that is deleted. version: of the event once the row was carried out.
    message: why it was refused, or kept on undoing.
    """

    batch = models.ForeignKey(
        EventImport,
        on_delete=models.DO_NOTHING,
        related_name="rows",
        db_constraint=False,
        db_index=False,
    )
    line = models.IntegerField()
    name = models.CharField(max_length=255, blank=True)
    outcome = models.TextField(choices=RowOutcome)
    state = models.TextField(
        choices=RowState, default=RowState.PLANNED, db_default=RowState.PLANNED
    )
    reason = models.TextField(blank=True, default="", db_default="")
    message = models.TextField(blank=True, default="", db_default="")
    source_key = models.TextField(blank=True, default="", db_default="")
    columns = models.JSONField(default=dict, db_default={})
    changes = models.JSONField(default=dict, db_default={})
    event_id = models.UUIDField(null=True)
    version = models.IntegerField(null=True)
    # That of the import, derived: `evently_import_row_organizer`.
    organizer_id = models.UUIDField(editable=False)

    class Meta:
        db_table = "event_import_rows"
        constraints = [
            models.CheckConstraint(
                name="chk_import_row_outcome", condition=Q(outcome__in=RowOutcome.values)
            ),
            models.CheckConstraint(
                name="chk_import_row_state", condition=Q(state__in=RowState.values)
            ),
            models.CheckConstraint(
                # Only rows that make or change an event are carried out.
                name="chk_import_row_done",
                condition=~Q(state__in=("done", "undone", "kept"))
                | Q(outcome__in=("new", "changed"), event_id__isnull=False),
            ),
            models.CheckConstraint(
                name="chk_import_row_refused", condition=~Q(outcome="refused") | ~Q(message="")
            ),
            models.UniqueConstraint(
                # A row is carried out once, whichever tasks run.
                fields=["batch", "source_key"],
                name="unq_import_row",
                condition=Q(outcome__in=("new", "changed")),
            ),
        ]
        indexes = [
            models.Index(fields=["batch", "outcome", "id"], name="idx_import_row_batch"),
            models.Index(
                fields=["event_id"],
                name="idx_import_row_event",
                condition=Q(event_id__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"Line {self.line}: {self.name}"
