"""How users are found and made."""

from typing import TYPE_CHECKING, Any, Self

from django.contrib.auth.base_user import BaseUserManager
from django.contrib.auth.hashers import make_password
from django.db import models, transaction

from evently.database.ids import uuid7
from evently.privacy.addresses import digest_of_address
from evently.privacy.keys import create_key

if TYPE_CHECKING:
    from evently.accounts.models import User


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
