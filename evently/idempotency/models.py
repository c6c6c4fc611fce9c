"""The table of idempotency keys."""

from django.db import models
from django.db.models.functions import Now

from evently.database.models import Identified


class IdempotencyKey(Identified):
    """One request that may be sent again, with the answer of its success."""

    user_id = models.UUIDField()
    key = models.TextField()
    method = models.TextField()
    path = models.TextField()
    body_digest = models.TextField()
    status = models.PositiveSmallIntegerField(null=True)
    answer = models.JSONField(null=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        """One row per person and key."""

        db_table = "idempotency_keys"
        constraints = [
            models.UniqueConstraint(fields=["user_id", "key"], name="unq_idempotency_user_key")
        ]
        indexes = [models.Index(fields=["created_at"], name="idx_idempotency_created")]
