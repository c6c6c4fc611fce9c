"""Users and their API tokens.

`email` and `name` read as plain text and are stored sealed; `User.objects.create_user` and the
operations seal them. Triggers keep `version` and `updated_at` (`trg_user_versioned`), delete a
person's key with the row (`trg_user_key_destroyed`) and follow every change (`trg_audit_…`).
"""

from typing import Any, ClassVar, Self

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.hashers import make_password
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ObjectDoesNotExist
from django.db import models, transaction
from django.utils.crypto import salted_hmac

from evently.database.functions import Clock
from evently.database.ids import uuid7
from evently.database.models import Identified
from evently.privacy.addresses import digest_of_address
from evently.privacy.keys import create_key
from evently.privacy.models import PersonKey
from evently.privacy.sealing import SEALED_PATTERN, SealedField

# What an unusable password looks like to Django; the default for rows made by plain SQL.
UNUSABLE_PASSWORD = "!"  # noqa: S105
NAME_OF_THE_ERASED = "Former attendee"


class Role(models.TextChoices):
    """What a user may do: attend, or organize too."""

    USER = "user", "Attendee"
    ADMIN = "admin", "Organizer"


class UserQuerySet(models.QuerySet["User"]):
    """Ways to find users."""

    def with_keys(self) -> Self:
        """Bring each user's key along, so that names and addresses cost no further query."""
        return self.select_related("person_key")

    def active(self) -> Self:
        """Keep those who have neither left nor been switched off."""
        return self.filter(deleted_at__isnull=True, is_active=True)

    def with_address(self, address: str) -> Self:
        """Keep the one whose address this is, however it is typed."""
        return self.filter(email_digest=digest_of_address(address))


class UserManager(BaseUserManager.from_queryset(UserQuerySet)):  # type: ignore[misc]
    """Makes users, sealing what is personal; there is no other way to make one."""

    def create_user(
        self,
        *,
        email: str,
        name: str,
        password: str | None = None,
        password_hash: str | None = None,
        **columns: Any,
    ) -> "User":
        """Insert a user and their key.

        password, or password_hash where it was hashed before; with neither, they enter by
        mailed links only. columns: others than these.
        Raises AddressInvalid, NameInvalid; IntegrityError where the address is taken.
        """
        user: User = self.model(
            id=columns.pop("id", None) or uuid7(),
            password=password_hash or make_password(password),
            **columns,
        )
        with transaction.atomic():
            key = create_key(user_id=user.pk)
            user.seal(key, email=email, name=name)
            user.save(force_insert=True)
        return user

    def create_superuser(
        self, *, email: str, name: str, password: str | None = None, **columns: Any
    ) -> "User":
        """Insert a user who may do everything."""
        columns = {"role": "admin", "is_superuser": True, **columns}
        return self.create_user(email=email, name=name, password=password, **columns)

    def get_by_natural_key(self, username: str | None) -> "User":
        """Return the user with this address (Django's term is natural key)."""
        user: User = self.with_keys().with_address(username or "").get()
        return user


class User(Identified, AbstractBaseUser):
    """A person with an account, or one made by a booking without a password."""

    sealed_email = SealedField("e-mail address", db_column="email", editable=False)
    # Null for the erased; what is unique, and how an address is found.
    email_digest = models.TextField("e-mail address", null=True, editable=False)
    sealed_name = SealedField("name", db_column="name", editable=False)
    password = models.TextField(
        "password", db_column="password_hash", db_default=UNUSABLE_PASSWORD, editable=False
    )
    role = models.TextField(choices=Role, default=Role.USER, db_default=Role.USER)
    is_active = models.BooleanField("active", default=True, db_default=True)
    is_superuser = models.BooleanField("superuser", default=False, db_default=False)
    # In-app and mail preferences, by message type; an empty object means the defaults.
    preferences = models.JSONField(default=dict, db_default=models.Value({}, models.JSONField()))
    version = models.IntegerField(default=1, db_default=1, editable=False)
    # Raising it ends the person's sessions.
    session_version = models.IntegerField(default=1, db_default=1, editable=False)
    # Raised by each mailed link that was used, so that it works once.
    link_version = models.IntegerField(default=1, db_default=1, editable=False)
    email_verified_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(db_default=Clock(), editable=False)
    updated_at = models.DateTimeField(db_default=Clock(), editable=False)
    deleted_at = models.DateTimeField(null=True, blank=True, editable=False)

    # Removed: a reference table on many machines is not written on each log-in.
    last_login: ClassVar[None] = None  # type: ignore[misc]

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "email_digest"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        """Sealed columns hold sealed values only, whoever writes them."""

        db_table = "users"
        ordering = ["-id"]
        verbose_name = "person"
        verbose_name_plural = "people"
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
        ]
        indexes = [
            models.Index(
                fields=["id"],
                name="idx_users_active",
                condition=models.Q(deleted_at__isnull=True),
            )
        ]

    def __str__(self) -> str:
        """Return the name; for pages and the admin, never for logs."""
        return self.display_name

    def __repr__(self) -> str:
        """Name the row only: what is logged holds no personal data."""
        return f"<User {self.pk}>"

    # ── What is sealed ──────────────────────────────────────────────────────
    @property
    def key(self) -> PersonKey | None:
        """The person's key; None when it was destroyed (they were erased)."""
        try:
            return self.person_key
        except ObjectDoesNotExist:
            return None

    @property
    def email(self) -> str:
        """The address, or "" for the erased."""
        key = self.key
        return (key and key.open("email", self.sealed_email)) or ""

    @property
    def name(self) -> str:
        """The name, or "" for the erased."""
        key = self.key
        return (key and key.open("name", self.sealed_name)) or ""

    @property
    def display_name(self) -> str:
        """The name, or what stands in for it."""
        return self.name or NAME_OF_THE_ERASED

    def seal(
        self, key: PersonKey, *, email: str | None = None, name: str | None = None
    ) -> list[str]:
        """Set the sealed columns of this object, and return the names of the fields set.

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

    # ── What they may ───────────────────────────────────────────────────────
    @property
    def is_staff(self) -> bool:
        """Whether the admin lets them in."""
        return self.is_active and (self.is_organizer or self.is_superuser)

    @property
    def is_organizer(self) -> bool:
        """Whether they may publish events."""
        return self.role == Role.ADMIN

    @property
    def is_verified(self) -> bool:
        """Whether they have shown that the address is theirs."""
        return self.email_verified_at is not None

    @property
    def is_guest(self) -> bool:
        """Whether they were made by a booking and enter by mailed links only."""
        return not self.has_usable_password()

    def has_perm(self, perm: str, obj: Any = None) -> bool:
        """Superusers may everything; a ModelAdmin says itself what it lets organizers do."""
        return self.is_active and self.is_superuser

    def has_perms(self, perm_list: Any, obj: Any = None) -> bool:
        """Say whether they have all of these permissions."""
        return self.is_active and self.is_superuser

    def has_module_perms(self, app_label: str) -> bool:
        """Organizers see those parts of the admin whose ModelAdmins let them."""
        return self.is_staff

    # ── What Django's auth asks ─────────────────────────────────────────────
    def get_full_name(self) -> str:
        """Return the name."""
        return self.display_name

    def get_short_name(self) -> str:
        """Return the first part of the name."""
        return self.display_name.split()[0]

    def clean(self) -> None:
        """Leave the digest as it is: there is no user name to make uniform."""

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        state = f"{self.password}:{self.session_version}"
        return salted_hmac(
            "evently.accounts.session", state, secret=secret, algorithm="sha256"
        ).hexdigest()


class Scope(models.TextChoices):
    """What an API token may be used for."""

    READ = "read", "Read"
    BOOK = "book", "Book and join lines"
    ORGANIZE = "organize", "Organize events"


class ApiToken(Identified):
    """A key to the API, kept as a digest: the secret is shown once, when it is made."""

    user = models.ForeignKey(
        User, on_delete=models.DO_NOTHING, db_constraint=False, related_name="api_tokens"
    )
    name = models.TextField()
    # SHA-256 of the secret, which is 256 random bits, so no slow hash is needed.
    digest = models.TextField(editable=False)
    scopes = ArrayField(models.TextField(choices=Scope))
    created_at = models.DateTimeField(db_default=Clock(), editable=False)
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)
    # A date, written once a day at most: tokens are used many times a second.
    last_used_on = models.DateField(null=True, blank=True)

    class Meta:
        """Deleted with their user by the database."""

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
        ]

    def __str__(self) -> str:
        """Return the name that its owner gave it."""
        return self.name

    def allows(self, scope: str) -> bool:
        """Whether it may be used for this; its user must be joined, who must still organize."""
        if scope == Scope.ORGANIZE and not self.user.is_organizer:
            return False
        return scope in self.scopes
