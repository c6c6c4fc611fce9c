"""The table of idempotency keys."""

from django.db import models
from django.db.models.functions import Now

from evently.database.models import Identified


class IdempotencyKey(Identified):
    """A request that may be repeated, with the answer of its success.

    status and answer are NULL until the transaction that claimed the key is about to commit, so
    other transactions never see them empty.
    """

    user_id = models.UUIDField()
    key = models.TextField()
    method = models.TextField()
    path = models.TextField()
    body_digest = models.TextField()
    status = models.PositiveSmallIntegerField(null=True)
    answer = models.JSONField(null=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "idempotency_keys"
        constraints = [
            models.UniqueConstraint(fields=["user_id", "key"], name="unq_idempotency_user_key")
        ]
        indexes = [models.Index(fields=["created_at"], name="idx_idempotency_created")]
