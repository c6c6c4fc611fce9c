"""Users.

`email` and `name` read as plain text and are stored sealed; `User.objects.create_user` and the
operations seal them. Triggers maintain `version` and `updated_at` (`trg_user_versioned`), delete a
user's key with the row (`trg_user_key_destroyed`) and log every change (`trg_audit_…`).
"""

from typing import Any, ClassVar, Self

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.hashers import make_password
from django.core.exceptions import ObjectDoesNotExist
from django.db import models, transaction
from django.utils.crypto import salted_hmac

from evently.accounts.email_models import EmailChange, EmailRequest, RequestKind, UnconfirmedEmail
from evently.accounts.export_models import DataExport, DataExportPart, ExportStatus
from evently.accounts.security_models import Passkey, RecoveryCode, SecondFactorReset, TotpFactor
from evently.accounts.session_models import UserSession
from evently.accounts.token_models import ApiToken, Scope
from evently.database.functions import Clock
from evently.database.ids import uuid7
from evently.database.models import Identified
from evently.privacy.addresses import digest_of_address, digests_of_address
from evently.privacy.keys import create_key
from evently.privacy.models import PersonKey
from evently.privacy.sealing import SEALED_PATTERN, SealedField
from evently.time_zones import LONGEST_NAME

__all__ = [
    "ApiToken",
    "DataExport",
    "DataExportPart",
    "EmailChange",
    "EmailRequest",
    "ExportStatus",
    "Passkey",
    "RecoveryCode",
    "RequestKind",
    "Role",
    "Scope",
    "SecondFactorReset",
    "TotpFactor",
    "UnconfirmedEmail",
    "User",
    "UserQuerySet",
    "UserSession",
]

# Django's prefix of an unusable password; the default for rows inserted by plain SQL.
UNUSABLE_PASSWORD = "!"  # noqa: S105
DELETED_USER_NAME = "Former attendee"


class Role(models.TextChoices):
    USER = "user", "Attendee"
    ADMIN = "admin", "Organizer"


class UserQuerySet(models.QuerySet["User"]):
    def with_keys(self) -> Self:
        """Join each user's key, so that opening name and email address costs no query."""
        return self.select_related("person_key")

    def active(self) -> Self:
        """Exclude deleted and deactivated users."""
        return self.filter(deleted_at__isnull=True, is_active=True)

    def with_address(self, address: str) -> Self:
        """Filter by email address, ignoring case and surrounding whitespace."""
        return self.filter(email_digest__in=digests_of_address(address))


class UserManager(BaseUserManager.from_queryset(UserQuerySet)):  # type: ignore[misc]
    """Creates users with sealed personal data; the only way to create one."""

    def create_user(
        self,
        *,
        email: str,
        name: str,
        password: str | None = None,
        password_hash: str | None = None,
        is_duplicate: bool = False,
        **columns: Any,
    ) -> "User":
        """Insert a user and the user's key.

        password, or password_hash if it is hashed already; with neither, the user logs in by
        emailed links only. is_duplicate: another account has the email address (see
        `User.is_duplicate`). columns: values of other columns.
        Raises AddressInvalid, NameInvalid; IntegrityError if the email address is taken.
        """
        user: User = self.model(
            id=columns.pop("id", None) or uuid7(),
            password=password_hash or make_password(password),
            **columns,
        )
        with transaction.atomic():
            key = create_key(user_id=user.pk)
            user.seal(key, email=email, name=name)
            if is_duplicate:
                user.email_digest = None
            user.save(force_insert=True)
        return user

    def create_superuser(
        self, *, email: str, name: str, password: str | None = None, **columns: Any
    ) -> "User":
        columns = {"role": "admin", "is_superuser": True, **columns}
        return self.create_user(email=email, name=name, password=password, **columns)

    def get_by_natural_key(self, username: str | None) -> "User":
        """Return the user with this email address (Django's term is natural key)."""
        user: User = self.with_keys().with_address(username or "").get()
        return user


class User(Identified, AbstractBaseUser):
    """A user with a password, or a guest whose account was created by a booking."""

    sealed_email = SealedField("email address", db_column="email", editable=False)
    # Unique, and how a user is found by email address. Null once the account is deleted, and in
    # duplicates.
    email_digest = models.TextField("email address", null=True, editable=False)
    sealed_name = SealedField("name", db_column="name", editable=False)
    password = models.TextField(
        "password", db_column="password_hash", db_default=UNUSABLE_PASSWORD, editable=False
    )
    role = models.TextField(choices=Role, default=Role.USER, db_default=Role.USER)
    is_active = models.BooleanField("active", default=True, db_default=True)
    is_superuser = models.BooleanField("superuser", default=False, db_default=False)
    # Channels by message type, such as {"waitlist_join": {"email": false}}; {} means the defaults.
    preferences = models.JSONField(default=dict, db_default=models.Value({}, models.JSONField()))
    # "": that of the browser, where a form asks for it.
    timezone = models.CharField(
        "time zone", max_length=LONGEST_NAME, blank=True, default="", db_default=""
    )
    version = models.IntegerField(default=1, db_default=1, editable=False)
    # Raising it ends all sessions of the user.
    session_version = models.IntegerField(default=1, db_default=1, editable=False)
    # Raised when an emailed link is used, so that each link works once.
    link_version = models.IntegerField(default=1, db_default=1, editable=False)
    # Raised when the email address was corrected: links to bookings in earlier emails end.
    links_version = models.IntegerField(default=1, db_default=1, editable=False)
    email_verified_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(db_default=Clock(), editable=False)
    updated_at = models.DateTimeField(db_default=Clock(), editable=False)
    deleted_at = models.DateTimeField(null=True, blank=True, editable=False)
    # While a deletion is pending: since when, when erasing begins (until then, it can be undone),
    # and when it began (bookings are cancelled; the email address waits for the emails about that).
    deletion_requested_at = models.DateTimeField(null=True, blank=True, editable=False)
    deletion_due_at = models.DateTimeField(null=True, blank=True, editable=False)
    deletion_started_at = models.DateTimeField(null=True, blank=True, editable=False)

    # Removed: writing it at each login is too costly once users is a reference table on many nodes.
    last_login: ClassVar[None] = None  # type: ignore[misc]

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "email_digest"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        """CHECKs refuse unsealed values in sealed columns, from plain SQL too."""

        db_table = "users"
        ordering = ["-id"]
        verbose_name = "user"
        verbose_name_plural = "users"
        constraints = [
            models.UniqueConstraint(fields=["email_digest"], name="unq_user_email_digest"),
            models.CheckConstraint(
                condition=models.Q(sealed_email__regex=SEALED_PATTERN), name="chk_email_format"
            ),
            models.CheckConstraint(
                condition=models.Q(sealed_name__regex=SEALED_PATTERN), name="chk_name_sealed"
            ),
            models.CheckConstraint(
                condition=models.Q(email_digest__regex=r"^[0-9a-f]{64}$"),
                name="chk_email_digest",
            ),
            models.CheckConstraint(condition=models.Q(role__in=Role.values), name="chk_user_role"),
            models.CheckConstraint(
                condition=models.Q(is_superuser=False) | models.Q(role=Role.ADMIN),
                name="chk_superuser_is_admin",
            ),
            models.CheckConstraint(
                condition=models.Q(
                    deletion_requested_at__isnull=True,
                    deletion_due_at__isnull=True,
                    deletion_started_at__isnull=True,
                )
                | models.Q(
                    deletion_requested_at__isnull=False,
                    deletion_due_at__isnull=False,
                    deletion_due_at__gte=models.F("deletion_requested_at"),
                    deleted_at__isnull=True,
                ),
                name="chk_user_deletion",
            ),
        ]
        indexes = [
            models.Index(
                fields=["id"],
                name="idx_users_active",
                condition=models.Q(deleted_at__isnull=True),
            ),
            models.Index(
                fields=["deletion_due_at"],
                name="idx_users_deletion_due",
                condition=models.Q(deletion_due_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        """Return the name, for pages and the admin; never log it."""
        return self.display_name

    def __repr__(self) -> str:
        """Return the id only: logs hold no personal data."""
        return f"<User {self.pk}>"

    # ── Sealed data ─────────────────────────────────────────────────────────
    @property
    def key(self) -> PersonKey | None:
        """The user's key; None once it was destroyed with the account."""
        try:
            return self.person_key
        except ObjectDoesNotExist:
            return None

    @property
    def email(self) -> str:
        """The email address, or "" once the account is deleted."""
        key = self.key
        return (key and key.open("email", self.sealed_email)) or ""

    @property
    def name(self) -> str:
        """The name, or "" once the account is deleted."""
        key = self.key
        return (key and key.open("name", self.sealed_name)) or ""

    @property
    def initial(self) -> str:
        """The first letter of the name, for the round mark of the account."""
        return self.name[:1] or "·"

    @property
    def display_name(self) -> str:
        """The name, or a placeholder once the account is deleted."""
        return self.name or DELETED_USER_NAME

    def seal(
        self, key: PersonKey, *, email: str | None = None, name: str | None = None
    ) -> list[str]:
        """Set the sealed fields of this object, and return their names for `update_fields`.

        Raises AddressInvalid, NameInvalid.
        """
        self.person_key = key
        fields = []
        if email is not None:
            self.sealed_email = key.seal("email", email)
            self.email_digest = digest_of_address(email)
            fields += ["sealed_email", "email_digest"]
        if name is not None:
            self.sealed_name = key.seal("name", name)
            fields.append("sealed_name")
        return fields

    # ── Permissions ─────────────────────────────────────────────────────────
    @property
    def is_staff(self) -> bool:
        """Whether the user may log in to the admin."""
        return self.is_active and (self.is_organizer or self.is_superuser)

    @property
    def is_organizer(self) -> bool:
        """Whether the user may create and publish events."""
        return self.role == Role.ADMIN

    @property
    def is_verified(self) -> bool:
        """Whether the user has proved to own the email address."""
        return self.email_verified_at is not None

    @property
    def is_duplicate(self) -> bool:
        """Whether the user signed up with an email address that has an account.

        Only the session of that sign-up can use it: docs/adr/0010-unverified-email-addresses.md.
        """
        return self.email_digest is None and self.deleted_at is None

    @property
    def is_leaving(self) -> bool:
        """Whether the deletion of the account is pending, and can still be undone."""
        return self.deletion_due_at is not None and self.deletion_started_at is None

    @property
    def is_guest(self) -> bool:
        """Whether the account has no password, so that the user logs in by emailed links only."""
        return not self.has_usable_password()

    def has_perm(self, perm: str, obj: Any = None) -> bool:
        """Return True for superusers; each ModelAdmin decides what organizers may do."""
        return self.is_active and self.is_superuser

    def has_perms(self, perm_list: Any, obj: Any = None) -> bool:
        return self.is_active and self.is_superuser

    def has_module_perms(self, app_label: str) -> bool:
        """Return True for organizers too; each ModelAdmin decides what they see."""
        return self.is_staff

    # ── Called by django.contrib.auth ───────────────────────────────────────
    def get_full_name(self) -> str:
        return self.display_name

    def get_short_name(self) -> str:
        return self.display_name.split()[0]

    def clean(self) -> None:
        """Skip Django's normalization of the username: the digest must stay as it is."""

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        state = f"{self.password}:{self.session_version}"
        return salted_hmac(
            "evently.accounts.session", state, secret=secret, algorithm="sha256"
        ).hexdigest()
