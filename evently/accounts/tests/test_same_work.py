"""What a request does is the same for every address, so its time reveals no accounts.

Counted, not measured: statements by their kind, hashings of passwords, enqueued tasks.
"""

import re

import pytest
from celery import Task
from django.db import connection
from django.test.utils import CaptureQueriesContext

from evently.accounts import operations
from evently.accounts.email_models import EmailRequest
from evently.accounts.factories import PASSWORD, UserFactory
from evently.accounts.operations import WrongCredentials, answering
from evently.accounts.tests.requests import answered
from evently.privacy.keys import destroy_key
from evently.tests.sql import run

pytestmark = pytest.mark.django_db(transaction=True)

NEW = "unknown@example.org"


def confirmed() -> str:
    return UserFactory(email="confirmed@example.org", password=PASSWORD).email


def unconfirmed() -> str:
    user = UserFactory(email="new@example.org", password=PASSWORD, email_verified_at=None)
    return user.email


def guest() -> str:
    return UserFactory(email="guest@example.org").email


def deactivated() -> str:
    return UserFactory(email="off@example.org", password=PASSWORD, is_active=False).email


def erased() -> str:
    user = UserFactory(email="erased@example.org", password=PASSWORD)
    run("UPDATE users SET deleted_at = now(), is_active = false, email_digest = NULL")
    destroy_key(user_id=user.pk)
    return "erased@example.org"


KNOWN = pytest.mark.parametrize("known", [confirmed, unconfirmed, guest, deactivated, erased])


@pytest.fixture
def enqueued(monkeypatch):
    """Collect the names of enqueued tasks, instead of giving them to the broker."""
    names = []
    monkeypatch.setattr(Task, "apply_async", lambda task, **options: names.append(task.name))
    return names


def work_of(request, enqueued, hashings):
    """Return what a request did: (first words of its statements, hashings, enqueued tasks)."""
    enqueued.clear()
    hashings.clear()
    with CaptureQueriesContext(
        connection,
    ) as queries:
        request()
    statements = [
        " ".join(
            re.sub(r'["(]', " ", query["sql"]).split()[:3]
            if "SAVEPOINT" not in query["sql"]
            else ["SAVEPOINT"]
        )
        for query in queries
    ]
    return statements, list(hashings), list(enqueued)


def reset(email, origin):
    operations.request_password_reset(email=email, origin=origin)


def log_in_by_link(email, origin):
    operations.request_login_link(email=email, origin=origin)


def sign_up(email, origin):
    operations.register(email=email, name="Ada", password=PASSWORD, origin=origin)


def sign_up_on_the_page(email, origin):
    operations.sign_up(email=email, name="Ada", password=PASSWORD, origin=origin)


def log_in(email, origin):
    with pytest.raises(WrongCredentials):
        operations.authenticate_with_password(email=email, password="wrong", origin=origin)


@KNOWN
@pytest.mark.parametrize("request_", [reset, log_in_by_link, sign_up, sign_up_on_the_page, log_in])
def test_known_and_unknown_addresses_cause_the_same_work(
    known, request_, enqueued, hashings, origin
):
    email = known()

    for_known = work_of(lambda: request_(email, origin), enqueued, hashings)
    for_unknown = work_of(lambda: request_(NEW, origin), enqueued, hashings)

    assert for_known == for_unknown
    assert len(for_known[1]) == (0 if request_ in (reset, log_in_by_link) else 1)
    assert for_known[2] == (
        [] if request_ is log_in else ["evently.accounts.tasks.answer_email_request"]
    )


@pytest.mark.parametrize("known", [confirmed, unconfirmed, guest, erased])
def test_account_of_a_guest_takes_the_same_work(known, enqueued, hashings):
    email = known()

    def find(address):
        return lambda: operations.find_or_create_guest(email=address, name="Ada")

    assert work_of(find(email), enqueued, hashings) == work_of(find(NEW), enqueued, hashings)


def test_request_is_answered_once(announced, origin):
    email = confirmed()
    reset(email, origin)
    ((request_id,),) = EmailRequest.objects.values_list("pk")

    answering.answer(request_id=request_id)
    answering.answer(request_id=request_id)

    assert [name for name, _ in announced] == ["password_reset_requested"]
    assert EmailRequest.objects.count() == 0


def test_request_outlives_a_broker_that_is_down(announced, origin, settings):
    email = confirmed()
    settings.CELERY_BROKER_URL = "redis://127.0.0.1:1/0"
    log_in_by_link(email, origin)

    assert EmailRequest.objects.count() == 1
    assert [name for name, _ in answered(announced)] == ["login_link_requested"]


def test_request_holds_no_address(origin):
    reset(NEW, origin)

    ((row,),) = run("SELECT to_jsonb(r)::text FROM email_requests r")
    assert "unknown" not in row
