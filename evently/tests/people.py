"""The user who requests the pages of a test."""

import pytest
from django.test import Client

from evently.accounts.factories import UserFactory
from evently.accounts.models import User


@pytest.fixture
def user(client: Client) -> User:
    """Return a user who is logged in with the test's client."""
    user = UserFactory()
    client.force_login(user)
    return user
