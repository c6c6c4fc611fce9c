"""Erasures with their receipts, and how far the register of erasures is known."""

from django.db import models

from evently.database.functions import Clock
from evently.database.models import Identified


class Erasure(Identified):
    """One person who was erased, with the signed receipt and the entry in the register.

    Neither holds personal data: the account's id leads to rows without the person. Frozen once
    written (`trg_erasure_frozen`), except that the receipt is completed once, when the key is
    destroyed. There is no foreign key to users, whose row may be deleted.
    """

    class Kind(models.TextChoices):
        """ERASED: the rows stay, without the person. DELETED: the rows were deleted."""

        ERASED = "erased", "Erased"
        DELETED = "deleted", "Rows deleted"

    class Cause(models.TextChoices):
        REQUEST = "request", "The person's request"
        OPERATOR = "operator", "An operator"
        REPLAY = "replay", "The register, after a restore"

    user_id = models.UUIDField("account", editable=False)
    kind = models.TextField(choices=Kind, db_default=Kind.ERASED, default=Kind.ERASED)
    cause = models.TextField(choices=Cause)
    # When bookings ended and plain text went; from then on, nothing can be undone.
    erased_at = models.DateTimeField(editable=False)
    # When the key was destroyed; by then, the receipt is complete.
    completed_at = models.DateTimeField(null=True, editable=False)
    # What was done, by name: how many rows.
    counts = models.JSONField(db_default=models.Value({}, models.JSONField()), default=dict)
    # The receipt, a JSON Web Signature.
    document = models.TextField(editable=False)
    # The entry in the register: its number from 1, and the line itself.
    number = models.BigIntegerField("number in the register", unique=True, editable=False)
    line = models.TextField(editable=False)
    created_at = models.DateTimeField(db_default=Clock(), editable=False)

    class Meta:
        db_table = "erasures"
        ordering = ["-number"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(kind__in=["erased", "deleted"]), name="chk_erasure_kind"
            ),
            models.CheckConstraint(
                condition=models.Q(cause__in=["request", "operator", "replay"]),
                name="chk_erasure_cause",
            ),
            models.CheckConstraint(condition=models.Q(number__gte=1), name="chk_erasure_number"),
        ]
        indexes = [
            models.Index(fields=["user_id"], name="idx_erasures_user"),
            models.Index(
                fields=["user_id"],
                name="idx_erasures_open",
                condition=models.Q(completed_at__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"Erasure {self.number}"


class RegisterState(models.Model):
    """What the database knows of the register: one row.

    The register itself is a file or a URL outside the database (`evently.erasure.register`).
    """

    id = models.SmallIntegerField(primary_key=True, default=1, db_default=1, editable=False)
    # The last entry of this database's erasures, and the digest of its line.
    last_number = models.BigIntegerField(default=0, db_default=0)
    last_digest = models.TextField(default="", db_default="")
    # Up to which the register has acknowledged them.
    written_number = models.BigIntegerField(default=0, db_default=0)
    # Since when it could not be written, and why; null while it could.
    failing_since = models.DateTimeField(null=True)
    problem = models.TextField(default="", db_default="")
    # The first line of the register, which tells it from that of another installation.
    header = models.TextField(default="", db_default="")
    # The server and database that this one is, by which a restored copy is told from it.
    home = models.TextField(default="", db_default="")

    class Meta:
        db_table = "erasure_register"
        constraints = [
            models.CheckConstraint(condition=models.Q(id=1), name="chk_register_one_row"),
            models.CheckConstraint(
                condition=models.Q(written_number__gte=0)
                & models.Q(written_number__lte=models.F("last_number")),
                name="chk_register_numbers",
            ),
        ]

    def __str__(self) -> str:
        return "Register of erasures"
