"""Factories of users and API tokens for tests."""

from datetime import timedelta
from typing import Any

import factory
from django.utils import timezone

from evently.accounts.models import Role, User
from evently.accounts.operations import IssuedToken, issue_token

PASSWORD = "correct horse battery"  # noqa: S105


class UserFactory(factory.django.DjangoModelFactory[User]):
    """A user with a verified email address, without a password unless `password=` is given."""

    class Meta:
        model = User

    email = factory.Sequence(lambda n: f"person{n}@example.org")
    name = factory.Sequence(lambda n: f"Person {n}")
    email_verified_at = factory.LazyFunction(timezone.now)

    @classmethod
    def _create(cls, model_class: type[User], *args: Any, **kwargs: Any) -> User:
        return model_class.objects.create_user(*args, **kwargs)


class OrganizerFactory(UserFactory):
    role = Role.ADMIN


class SuperuserFactory(OrganizerFactory):
    is_superuser = True


def issued_token(user: User, *scopes: str, lifetime: timedelta | None = None) -> IssuedToken:
    """Issue an API token; scopes default to read and book."""
    return issue_token(
        user_id=user.pk, name="test", scopes=scopes or ("read", "book"), lifetime=lifetime
    )
