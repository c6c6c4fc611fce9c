"""The audit log: one row for each changed row, written by triggers and never changed."""

from uuid import UUID

from django.db import models

from evently.database.functions import Clock, UuidV7
from evently.database.ids import uuid7

# The act of all rows from before acts were recorded.
EARLIER = UUID(int=0)


class AuditLog(models.Model):
    """One change of one row.

    Triggers write it (`evently.audit.migration.audited`); `trg_append_only` refuses everything
    else. Sealed columns stay sealed here, so destroying the user's key erases them here too.
    """

    class Action(models.TextChoices):
        INSERT = "insert", "Created"
        UPDATE = "update", "Changed"
        DELETE = "delete", "Deleted"

    class Via(models.TextChoices):
        """The interface of the change; sql: outside the application."""

        PAGE = "page", "Page"
        API = "api", "API"
        ADMIN = "admin", "Admin"
        TASK = "task", "Task"
        SHELL = "shell", "Shell"
        SQL = "sql", "SQL"

    id = models.UUIDField(primary_key=True, default=uuid7, db_default=UuidV7(), editable=False)
    at = models.DateTimeField(db_default=Clock())
    table_name = models.TextField("table")
    row_id = models.UUIDField("row")
    event_id = models.UUIDField("event", null=True)
    # Of the event, or of an import; null for what belongs to no organizer.
    organizer_id = models.UUIDField("organizer", null=True, editable=False)
    action = models.TextField(choices=Action)
    # The changed columns of an update; all columns of an insert or delete.
    before = models.JSONField(null=True)
    after = models.JSONField(null=True)
    # A user's id, "visitor", a task's name, or the database role if no actor was set.
    actor = models.TextField()
    via = models.TextField(choices=Via, db_default="sql")
    request_id = models.TextField(db_default="")
    # What belongs together: the changes of one request, with those of the tasks that it enqueued.
    # Ordered by time, as ids are.
    act = models.UUIDField(db_default=EARLIER, editable=False)
    # The act of which this one is the automatic consequence.
    cause = models.UUIDField("act that caused it", null=True, editable=False)
    # created, deleted, or what an update did (audit_kind); "" before it was recorded.
    kind = models.TextField(db_default="", editable=False)
    # Whether the application has signed actor, via, request and act; null before it was recorded.
    # Without a signature, any client that logged in as db_role may have claimed them.
    signed = models.BooleanField(null=True, editable=False)
    db_role = models.TextField("database role", db_default="", editable=False)
    # Of changes without a signature: application, address and process of the connection.
    client = models.JSONField(null=True, editable=False)

    class Meta:
        """Indexed by row, and by act: of all events, of one, and of an actor."""

        db_table = "audit_log"
        ordering = ["-id"]
        verbose_name = "change"
        verbose_name_plural = "audit trail"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(action__in=["insert", "update", "delete"]),
                name="chk_audit_action",
            ),
            models.CheckConstraint(
                condition=models.Q(via__in=["page", "api", "admin", "task", "shell", "sql"]),
                name="chk_audit_via",
            ),
        ]
        indexes = [
            models.Index(fields=["row_id", "id"], name="idx_audit_row"),
            models.Index(fields=["act", "table_name", "kind"], name="idx_audit_act"),
            models.Index(fields=["actor", "act"], name="idx_audit_actor_act"),
            models.Index(
                fields=["event_id", "act", "table_name", "kind"],
                name="idx_audit_event_act",
                condition=models.Q(event_id__isnull=False),
            ),
            models.Index(
                fields=["event_id", "actor", "act"],
                name="idx_audit_event_actor",
                condition=models.Q(event_id__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.table_name} {self.row_id}: {self.action}"
