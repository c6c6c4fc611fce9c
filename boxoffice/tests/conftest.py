"""Fixtures of the admin tests."""

import pytest

from evently.accounts.factories import OrganizerFactory


@pytest.fixture
def organizer():
    return OrganizerFactory(name="Olive Organizer")


@pytest.fixture
def admin(client, organizer):
    """A client logged in as an organizer."""
    client.force_login(organizer)
    return client
