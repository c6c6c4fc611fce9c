import pytest
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.db import connection, transaction

from evently.accounts.factories import SuperuserFactory, UserFactory
from evently.accounts.models import User
from evently.audit.admin import StampedAdmin
from evently.audit.context import acting, stamp
from evently.audit.models import AuditLog
from evently.audit.queries import audited_tables

pytestmark = pytest.mark.django_db

AUDIT_LOG = "/admin/audit/auditlog/"
ROWS = f"{AUDIT_LOG}rows/"


@pytest.fixture
def boss(client):
    user = SuperuserFactory()
    client.force_login(user)
    return user


def ids_on(response):
    return {str(row.row_id) for row in response.context["cl"].result_list}


def test_audit_log_is_shown(client, boss):
    user = UserFactory(email="ana@example.org")
    User.objects.filter(pk=user.pk).update(role="admin")

    response = client.get(ROWS)

    assert str(user.pk) in ids_on(response)
    assert "role" in response.content.decode()


def test_search_by_row_or_actor(client, boss):
    ana, bo = UserFactory(), UserFactory()
    actor = UserFactory()
    with acting(actor=str(actor.pk), via="api"), transaction.atomic():
        stamp(connection)
        User.objects.filter(pk=bo.pk).update(role="admin")

    assert ids_on(client.get(ROWS, {"q": str(ana.pk)})) == {str(ana.pk)}
    assert ids_on(client.get(ROWS, {"q": f" {actor.pk} "})) == {str(actor.pk), str(bo.pk)}
    for term in ("nothing", "' OR 1=1"):
        assert ids_on(client.get(ROWS, {"q": term})) == set()
    assert client.get(ROWS, {"q": "\x00"}).status_code == 400


def test_filters(client, boss):
    user = UserFactory()
    User.objects.filter(pk=user.pk).update(role="admin")

    assert ids_on(client.get(ROWS, {"action__exact": "update"})) == {str(user.pk)}
    assert ids_on(client.get(ROWS, {"table": "api_tokens"})) == set()
    assert str(user.pk) in ids_on(client.get(ROWS, {"table": "users"}))
    assert ids_on(client.get(ROWS, {"via__exact": "task"})) == set()


def test_before_and_after_are_shown_side_by_side(client, boss):
    user = UserFactory()
    User.objects.filter(pk=user.pk).update(preferences={"<b>": "é"}, role="admin")
    row = AuditLog.objects.get(row_id=user.pk, action="update")

    page = client.get(f"{AUDIT_LOG}{row.pk}/change/").content.decode()

    assert "<del>user</del></td><td><ins>admin</ins>" in page
    assert "&lt;b&gt;&quot;: &quot;é" in page


def test_sealed_values_stay_sealed(client, boss):
    user = UserFactory(email="ana@example.org")
    row = AuditLog.objects.get(table_name="users", row_id=user.pk)

    page = client.get(f"{AUDIT_LOG}{row.pk}/change/").content.decode()

    assert "(sealed)" in page
    assert "sealed:v1" not in page
    assert "ana@example.org" not in page


def test_audit_log_cannot_be_changed(client, boss):
    row = AuditLog.objects.order_by("id").first()

    assert client.get(f"{AUDIT_LOG}add/").status_code == 403
    assert client.post(f"{AUDIT_LOG}{row.pk}/change/", {"actor": "me"}).status_code == 403
    assert client.post(f"{AUDIT_LOG}{row.pk}/delete/", {"post": "yes"}).status_code == 403
    assert "delete_selected" not in client.get(ROWS).content.decode()


def test_list_keeps_one_query_count(client, boss, django_assert_max_num_queries):
    def queries():
        with django_assert_max_num_queries(12) as counted:
            assert client.get(ROWS).status_code == 200
        return len(counted)

    few = queries()
    UserFactory.create_batch(20)
    assert queries() == few


def test_queries():
    assert {"users", "api_tokens", "person_keys"} <= set(audited_tables())


def test_stamped_admin_logs_the_actor_of_saves_and_deletions(rf):
    class Plain(StampedAdmin):
        pass

    saved, deleted, bulk_deleted = UserFactory.create_batch(3)
    deleted_id = deleted.pk
    model_admin, request = Plain(User, admin.site), rf.post("/admin/")
    request.user = SuperuserFactory()

    with acting(actor="boss", via="admin"):
        saved.role = "admin"
        with transaction.atomic():
            model_admin.save_model(request, saved, None, change=True)
        with transaction.atomic():
            model_admin.delete_model(request, deleted)
        model_admin.delete_queryset(request, User.objects.filter(pk=bulk_deleted.pk))
        model_admin.log_change(request, saved, "x")
        model_admin.log_addition(request, saved, "x")
        model_admin.log_deletions(request, User.objects.all())

    for row_id, action in (
        (saved.pk, "update"),
        (deleted_id, "delete"),
        (bulk_deleted.pk, "delete"),
    ):
        row = AuditLog.objects.get(row_id=row_id, action=action, table_name="users")
        assert (row.actor, row.via) == ("boss", "admin")
    assert LogEntry.objects.count() == 0
