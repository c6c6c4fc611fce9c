"""Links from emails that no longer work: their pages offer to log in instead."""

import pytest
from django.urls import reverse

from evently.accounts.factories import UserFactory

pytestmark = pytest.mark.django_db

BROKEN = ["/b/broken/", "/p/broken/", "/w/broken/", "/t/broken/", "/account/password/broken/"]


@pytest.mark.parametrize("path", BROKEN)
def test_broken_link_offers_to_log_in(client, path):
    page = client.get(path).content.decode()

    assert "<title>This link does not work" in page
    assert f'href="{reverse("log_in_link")}"' in page


def test_broken_link_offers_no_login_to_a_logged_in_user(client):
    client.force_login(UserFactory())

    page = client.get("/b/broken/").content.decode()

    assert "<title>This link does not work" in page
    assert f'href="{reverse("log_in_link")}"' not in page
