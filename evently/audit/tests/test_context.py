import threading
from uuid import UUID, uuid4

import pytest
import structlog
from django.contrib.auth.models import AnonymousUser
from django.db import connection, transaction
from django.http import HttpResponse

from evently.accounts.factories import UserFactory
from evently.accounts.models import User
from evently.audit import celery
from evently.audit.context import Context, acting, current_context, stamp, stamp_sql
from evently.audit.middleware import AuditContextMiddleware
from evently.audit.models import AuditLog
from evently.transactions import run_in_transaction


def stamped():
    """Return the context that the database receives: actor, via, request id."""
    with transaction.atomic():
        stamp(connection)
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT current_setting('evently.actor'), current_setting('evently.via'),"
                " current_setting('evently.request_id')"
            )
            return cursor.fetchone()


def test_context_outside_requests_is_the_shell():
    assert current_context() == Context(actor="", via="shell", request_id="")


def test_acting_ends_with_the_block():
    with acting(actor="a", via="task"):
        with acting(actor="b"):
            assert (current_context().actor, current_context().via) == ("b", "task")
        assert current_context().actor == "a"
    assert current_context().actor == ""


def test_threads_do_not_share_the_context():
    seen = []
    with acting(actor="a"):
        thread = threading.Thread(target=lambda: seen.append(current_context().actor))
        thread.start()
        thread.join()
    assert seen == [""]


@pytest.mark.django_db
def test_stamp_is_one_statement(django_assert_num_queries):
    with acting(actor="a", via="api", request_id="r"), django_assert_num_queries(1):
        stamp(connection)
    statement = stamp_sql(process=1)
    assert statement.count("SET LOCAL") == statement.count(";") + 1 == 8
    assert "set_config" not in statement


@pytest.mark.django_db
@pytest.mark.parametrize(
    "value", ["'; DROP TABLE users; --", "\\'; SELECT 1; --", "a\x00b", "%s", "é" * 300, "$$"]
)
def test_stamp_removes_unsafe_characters(value):
    with acting(actor=value, request_id=value):
        actor, via, request_id = stamped()

    assert via == "shell"
    assert not set(actor + request_id) & set("'\\\x00%;$")
    assert len(actor) <= 200


@pytest.mark.django_db
def test_operations_stamp_their_transactions():
    actor, user = str(uuid4()), UserFactory()

    with acting(actor=actor, via="page", request_id="req-12345678"):
        run_in_transaction(lambda: User.objects.filter(pk=user.pk).update(role="admin"))

    row = AuditLog.objects.get(row_id=user.pk, action="update")
    assert (row.actor, row.via, row.request_id) == (actor, "page", "req-12345678")


# ── Requests ────────────────────────────────────────────────────────────────
@pytest.mark.django_db
@pytest.mark.parametrize(
    ("path", "via"),
    [("/", "page"), ("/api/v1/bookings/", "api"), ("/admin/", "admin"), ("/apis/", "page")],
)
def test_middleware_sets_the_interface(rf, path, via):
    seen = []

    def view(request):
        seen.append(stamped())
        return HttpResponse()

    request = rf.get(path)
    request.user = user = UserFactory()
    structlog.contextvars.bind_contextvars(request_id="req-1")
    try:
        AuditContextMiddleware(view)(request)
    finally:
        structlog.contextvars.clear_contextvars()

    assert seen == [(str(user.pk), via, "req-1")]
    assert current_context() == Context()


@pytest.mark.django_db
def test_middleware_sets_visitor_for_anonymous_requests(rf):
    seen = []
    request = rf.get("/")

    def view(request):
        seen.append(stamped()[0])
        request.user = AnonymousUser()
        seen.append(stamped()[0])
        request.user = user = UserFactory()
        seen.append(stamped()[0] == str(user.pk))
        return HttpResponse()

    AuditContextMiddleware(view)(request)

    assert seen == ["visitor", "visitor", True]


@pytest.mark.django_db
def test_middleware_does_not_load_the_user_for_a_read(rf, django_assert_num_queries):
    class Lookup:
        @property
        def is_authenticated(self):
            raise AssertionError("looked up")

    request = rf.get("/")
    request.user = Lookup()
    with django_assert_num_queries(0):
        AuditContextMiddleware(lambda request: HttpResponse())(request)


def test_middleware_resets_the_context_after_an_error(rf):
    def view(request):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        AuditContextMiddleware(view)(rf.get("/"))
    assert current_context() == Context()


# ── Tasks ───────────────────────────────────────────────────────────────────
def test_tasks_are_the_actor_by_name():
    during = run_task({})

    assert (during.actor, during.via) == ("waitlists.tasks.expire_promotions", "task")
    assert UUID(during.act).version == 7
    assert current_context() == Context()
    celery._end(task_id="1")


def run_task(headers):
    class Task:
        name = "waitlists.tasks.expire_promotions"
        request = headers

    celery._begin(task_id="1", task=Task)
    during = current_context()
    celery._end(task_id="1")
    return during


def test_tasks_continue_the_act_that_enqueued_them():
    headers = {}
    with acting(act="the act"):
        celery._pass_act(headers=headers)

    assert run_task(headers).act == "the act"

    without = {}
    celery._pass_act(headers=without)
    assert without == {}
