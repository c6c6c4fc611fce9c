"""API tokens of users, and what they allow."""

from datetime import timedelta

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models

from evently.database.functions import Clock
from evently.database.models import Identified

DELETION_TOKEN_LIFETIME = timedelta(hours=1)


class Scope(models.TextChoices):
    """Scopes of API tokens."""

    READ = "read", "Read"
    BOOK = "book", "Book and join waitlists"
    ORGANIZE = "organize", "Organize events"
    # In no default token, and only in tokens of at most DELETION_TOKEN_LIFETIME.
    DELETE_ACCOUNT = "delete_account", "Delete the account"


class ApiToken(Identified):
    """An API token, stored as a digest: the secret is shown once, on creation."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        related_name="api_tokens",
    )
    name = models.TextField()
    # SHA-256 of the secret, which is 256 random bits, so no slow hash is needed.
    digest = models.TextField(editable=False)
    scopes = ArrayField(models.TextField(choices=Scope))
    created_at = models.DateTimeField(db_default=Clock(), editable=False)
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)
    # A date, written at most once a day: tokens are used many times a second.
    last_used_on = models.DateField(null=True, blank=True)

    class Meta:
        """The database deletes tokens with their user (ON DELETE CASCADE)."""

        db_table = "api_tokens"
        ordering = ["-id"]
        verbose_name = "API token"
        constraints = [
            models.UniqueConstraint(fields=["digest"], name="unq_token_digest"),
            models.CheckConstraint(
                condition=models.Q(scopes__contained_by=Scope.values, scopes__len__gt=0),
                name="chk_token_scopes",
            ),
            models.CheckConstraint(
                condition=models.Q(digest__regex=r"^[0-9a-f]{64}$"), name="chk_token_digest"
            ),
            models.CheckConstraint(
                condition=models.Q(expires_at__gt=models.F("created_at")),
                name="chk_token_expiry",
            ),
            models.CheckConstraint(
                condition=~models.Q(scopes__contains=[Scope.DELETE_ACCOUNT.value])
                | models.Q(
                    expires_at__lte=models.F("created_at") + models.Value(DELETION_TOKEN_LIFETIME)
                ),
                name="chk_token_deletion_short",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def allows(self, scope: str) -> bool:
        """Return whether the token has a scope; expects `user` joined.

        The scope `organize` counts only while the user is an organizer.
        """
        if scope == Scope.ORGANIZE and not self.user.is_organizer:
            return False
        return scope in self.scopes
