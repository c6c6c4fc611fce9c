"""Deleting the account through the API."""

import pytest

from evently.accounts.factories import PASSWORD, SuperuserFactory, UserFactory
from evently.accounts.models import ApiToken, User
from evently.api.tests.client import api, assert_problem
from events.factories import EventFactory

pytestmark = pytest.mark.django_db

ME = "/api/v1/me/"


@pytest.fixture
def ana():
    return UserFactory(password=PASSWORD)


def confirmed(user):
    return {"X-Confirm-Address": user.email}


def token_of(user, **body):
    body = {"email": user.email, "password": PASSWORD, **body}
    return api().post("/api/v1/auth/token/", body).json()


def test_default_tokens_cannot_delete(ana):
    assert token_of(ana)["scopes"] == ["book", "read"]
    for scopes in (("read", "book"), ("book",), ("read",)):
        answer = api(ana, *scopes).delete(ME, headers=confirmed(ana))
        assert assert_problem(answer, 403, "scope_missing")["scope"] == "delete_account"
    assert User.objects.get(pk=ana.pk).deletion_due_at is None


def test_scope_of_its_own_deletes_after_the_cooling_off_period(ana):
    assert token_of(ana, scopes=["delete_account"])["scopes"] == ["delete_account"]
    token = ApiToken.objects.get()
    assert (token.expires_at - token.created_at).total_seconds() <= 3600
    client = api(ana, "read", "book", "delete_account")

    assert_problem(client.delete(ME), 422, "confirmation_required")
    answer = client.delete(ME, headers=confirmed(ana))

    assert answer.status_code == 202
    due = answer.json()["deletion_due_at"]
    assert due
    assert client.get(ME).json()["deletion_due_at"] == due
    assert client.get("/api/v1/me/export/").json()["person"]["deletion_due_at"]
    again = client.delete(ME, headers=confirmed(ana))
    assert (again.status_code, again.json()["deletion_due_at"]) == (202, due)
    kept = client.post("/api/v1/me/restore/")
    assert (kept.status_code, kept.json()["deletion_due_at"]) == (200, None)


def test_deletion_needs_the_own_email_address(ana):
    client = api(ana, "delete_account")
    for headers in ({}, {"X-Confirm-Address": "other@example.org"}):
        response = client.delete(ME, headers=headers)
        assert_problem(response, 422, "confirmation_required")
    assert User.objects.get(pk=ana.pk).deletion_due_at is None


def test_organizer_of_a_future_event_cannot_be_deleted():
    organizer = EventFactory(created_by=SuperuserFactory()).created_by

    response = api(organizer, "delete_account").delete(ME, headers=confirmed(organizer))

    assert_problem(response, 409, "organizer_stays")


def test_account_page_gives_no_token_that_deletes(client, ana):
    client.force_login(ana)
    form = {"act": "token", "token_name": "x", "scopes": ["delete_account"], "lifetime": "30"}
    assert client.post("/account/", form).status_code == 422
    assert not ApiToken.objects.exists()
