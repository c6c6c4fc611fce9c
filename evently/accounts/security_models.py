"""Second factors of accounts: authenticator apps, passkeys, recovery codes, and their resets."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models

from evently.database.functions import Clock
from evently.database.models import Identified
from evently.privacy.sealing import SEALED_PATTERN, SealedField

DIGEST_PATTERN = r"^[0-9a-f]{64}$"
LONGEST_PASSKEY_NAME = 60


class TotpFactor(Identified):
    """An authenticator app of a user: its secret, sealed under the user's key.

    Not a factor before it is confirmed by a code. Each code works once: `last_step`, the 30-second
    step of the newest code that was used, only grows, and secret and user stay (`trg_totp_used`).
    """

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        db_index=False,
        related_name="totp_factors",
    )
    secret = SealedField("secret", editable=False)
    last_step = models.BigIntegerField(null=True, blank=True, editable=False)
    created_at = models.DateTimeField(db_default=Clock(), editable=False)
    confirmed_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        db_table = "totp_factors"
        constraints = [
            models.UniqueConstraint(fields=["user"], name="unq_totp_user"),
            models.CheckConstraint(
                condition=models.Q(secret__regex=SEALED_PATTERN), name="chk_totp_sealed"
            ),
            models.CheckConstraint(
                condition=models.Q(confirmed_at__isnull=True) | models.Q(last_step__isnull=False),
                name="chk_totp_confirmed",
            ),
        ]

    def __str__(self) -> str:
        return "Authenticator app"


class Passkey(Identified):
    """A passkey or security key of a user (WebAuthn).

    Credential, key and user stay, and the authenticator's counter only grows (`trg_passkey_used`).
    """

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        db_index=False,
        related_name="passkeys",
    )
    name = models.TextField()
    # Base64url, as browsers send it.
    credential_id = models.TextField(editable=False)
    public_key = models.BinaryField(editable=False)
    # 0 from authenticators that keep no counter, such as those that synchronize passkeys.
    sign_count = models.BigIntegerField(default=0, db_default=0, editable=False)
    transports = ArrayField(
        models.TextField(),
        default=list,
        db_default=models.Value([], ArrayField(models.TextField())),
    )
    created_at = models.DateTimeField(db_default=Clock(), editable=False)
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        db_table = "passkeys"
        constraints = [
            models.UniqueConstraint(fields=["credential_id"], name="unq_passkey_credential"),
            models.CheckConstraint(condition=models.Q(sign_count__gte=0), name="chk_passkey_count"),
            models.CheckConstraint(
                condition=models.Q(name__regex=rf"^.{{1,{LONGEST_PASSKEY_NAME}}}$"),
                name="chk_passkey_name",
            ),
        ]
        indexes = [models.Index(fields=["user", "created_at"], name="idx_passkeys_user")]

    def __str__(self) -> str:
        """Return what it is; its name is its owner's."""
        return "Passkey"


class RecoveryCode(Identified):
    """A recovery code of a user, shown once and stored as a digest; it works once.

    80 random bits, so no slow hash is needed. Once used, it stays used (`trg_recovery_code_used`).
    """

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        db_index=False,
        related_name="recovery_codes",
    )
    digest = models.TextField(editable=False)
    created_at = models.DateTimeField(db_default=Clock(), editable=False)
    used_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        db_table = "recovery_codes"
        constraints = [
            models.UniqueConstraint(fields=["user", "digest"], name="unq_recovery_code"),
            models.CheckConstraint(
                condition=models.Q(digest__regex=DIGEST_PATTERN), name="chk_recovery_code_digest"
            ),
        ]

    def __str__(self) -> str:
        return "Recovery code"


class SecondFactorReset(Identified):
    """A superuser removed a user's second factors: who, when and why; appended only.

    The reason is sealed under the user's key, as it is about the user, and is frozen with the rest
    (`trg_reset_kept`). `reset_by_id` is null for the shell command.
    """

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        db_index=False,
        related_name="second_factor_resets",
    )
    reset_by_id = models.UUIDField(null=True, blank=True, editable=False)
    reason = SealedField("reason", editable=False)
    reset_at = models.DateTimeField(db_default=Clock(), editable=False)

    class Meta:
        db_table = "second_factor_resets"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(reason__regex=SEALED_PATTERN), name="chk_reset_sealed"
            )
        ]
        indexes = [models.Index(fields=["user", "reset_at"], name="idx_resets_user")]

    def __str__(self) -> str:
        return "Reset of second factors"
