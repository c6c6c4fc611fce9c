"""Django's authentication backend, by email address and password; the admin's login uses it."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any
from uuid import UUID

from django.contrib.auth.backends import BaseBackend
from django.http import HttpRequest

from evently.accounts.models import User
from evently.accounts.operations import WrongCredentials, authenticate_with_password
from evently.accounts.queries import active_user
from evently.origin import Origin, origin_of

_read: ContextVar[User | None] = ContextVar("evently_read_user", default=None)


@contextmanager
def already_read(user: User | None) -> Iterator[None]:
    """Let Django find the user of a session, who was read with it, without another query."""
    token = _read.set(user)
    try:
        yield
    finally:
        _read.reset(token)


class AddressBackend(BaseBackend):
    """Finds users by the digest of their email address, under the login rate limits."""

    def authenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        **kwargs: Any,
    ) -> User | None:
        """Return the user, or None; raises TooManyAttempts.

        username: the email address, under the name that Django's forms use.
        """
        email = username if username is not None else kwargs.get("email")
        if not email or password is None:
            return None
        origin = origin_of(request) if request is not None else Origin()
        try:
            return authenticate_with_password(email=email, password=password, origin=origin)
        except WrongCredentials:
            return None

    def get_user(self, user_id: UUID) -> User | None:
        """Return the user of a session; None if the account was deactivated or deleted."""
        read = _read.get()
        return read if read is not None and read.pk == user_id else active_user(user_id)
