import pytest
from django.contrib.admin.models import LogEntry

from evently.accounts import operations
from evently.accounts.factories import (
    PASSWORD,
    OrganizerFactory,
    SuperuserFactory,
    UserFactory,
    issued_token,
)
from evently.accounts.finding import find_people
from evently.accounts.models import User
from evently.accounts.tests.requests import answered
from evently.audit.models import AuditLog
from evently.privacy.keys import destroy_key

pytestmark = pytest.mark.django_db

USERS = "/admin/accounts/user/"
TOKENS = "/admin/accounts/apitoken/"


@pytest.fixture
def boss(client):
    user = SuperuserFactory(email="boss@example.org", name="Boss", password=PASSWORD)
    client.force_login(user)
    return user


def act(client, action, *users):
    body = {"action": action, "_selected_action": [str(user.pk) for user in users]}
    return client.post(USERS, body, follow=True)


def test_user_list_shows_unsealed_values(client, boss):
    UserFactory(email="ana@example.org", name="Ana Maria")

    page = client.get(USERS).content.decode()

    assert "ana@example.org" in page
    assert "Ana Maria" in page
    assert "sealed:v1" not in page


def test_user_page_shows_unsealed_values(client, boss):
    user = UserFactory(email="ana@example.org", name="Ana Maria", password=PASSWORD)

    page = client.get(f"{USERS}{user.pk}/change/").content.decode()

    assert "ana@example.org" in page
    assert "sealed:v1" not in page
    assert "argon2" not in page
    assert user.email_digest not in page


def test_lists_keep_one_query_count(client, boss, django_assert_max_num_queries):
    def queries():
        with django_assert_max_num_queries(20) as counted:
            assert client.get(USERS).status_code == 200
            assert client.get(TOKENS).status_code == 200
        return len(counted)

    issued_token(UserFactory())
    few = queries()
    for user in UserFactory.create_batch(10):
        issued_token(user)
    assert queries() == few


def test_search_matches_words_of_name_and_email_or_the_id(client, boss):
    ana = UserFactory(email="ana@example.org", name="Ana Maria")
    bo = UserFactory(email="bo@example.org", name="Bo Derek")

    def found(term):
        return list(client.get(USERS, {"q": term}).context["cl"].result_list)

    assert found("ANA@example.org ") == [ana]
    assert found(str(bo.pk)) == [bo]
    for term in ("ana", "ana@", "MARÍA ana", "Ana Maria"):
        assert found(term) == [ana]
    assert bo in found("example.org")
    for term in ("'", "ana derek", "unknown@example.org", "\u200b-"):
        assert found(term) == []


def test_erased_people_are_found_no_more(client, boss):
    ana = UserFactory(name="Ana Maria")
    assert find_people(User.objects.all(), "ana maria") == [ana.pk]

    destroy_key(user_id=ana.pk)

    assert find_people(User.objects.all(), "ana maria") == []


def test_people_are_found_by_a_new_name_at_once():
    ana = UserFactory(name="Ana Maria")
    assert find_people(User.objects.all(), "maria ana") == [ana.pk]

    operations.change_profile(user_id=ana.pk, name="Łukasz Øster")

    assert find_people(User.objects.all(), "oster lukasz") == [ana.pk]
    assert find_people(User.objects.all(), "ana maria") == []


@pytest.mark.parametrize("factory", [UserFactory, OrganizerFactory])
def test_only_superusers_see_users(client, factory):
    client.force_login(factory())
    user = UserFactory()

    for path in (USERS, TOKENS, f"{USERS}{user.pk}/change/", "/admin/audit/auditlog/"):
        assert client.get(path).status_code in {302, 403}


def test_users_cannot_be_added_or_deleted(client, boss):
    user = UserFactory()

    for path in (f"{USERS}add/", f"{USERS}{user.pk}/delete/", f"{TOKENS}add/"):
        assert client.get(path).status_code == 403
        assert client.post(path, {"post": "yes"}).status_code == 403
    assert User.objects.filter(pk=user.pk).exists()


def test_users_cannot_be_edited(client, boss):
    user = UserFactory(email="ana@example.org")

    client.post(
        f"{USERS}{user.pk}/change/",
        {"email": "x@example.org", "is_superuser": "on", "role": "admin", "sealed_name": "x"},
    )

    user = User.objects.get(pk=user.pk)
    assert (user.email, user.is_superuser, user.role, user.version) == (
        "ana@example.org",
        False,
        "user",
        1,
    )


def test_actions(client, boss, announced):
    ana, bo = UserFactory(), UserFactory()
    token, session = issued_token(ana), bo.get_session_auth_hash()

    assert "Done for 2 of 2 users." in act(client, "give_organizer_role", ana, bo).content.decode()
    act(client, "withdraw_organizer_role", bo)
    act(client, "deactivate", ana)
    act(client, "end_sessions", bo)
    act(client, "email_login_link", bo)

    ana, bo = User.objects.get(pk=ana.pk), User.objects.get(pk=bo.pk)
    assert (ana.role, ana.is_active, bo.role) == ("admin", False, "user")
    assert operations.authenticate_token(token.secret) is None
    assert bo.get_session_auth_hash() != session
    assert answered(announced) == [("login_link_requested", bo)]
    act(client, "activate", ana)
    assert User.objects.get(pk=ana.pk).is_active


def test_actions_show_errors(client, boss):
    page = act(client, "deactivate", boss).content.decode()

    assert "This is the last superuser" in page
    assert "Updated" not in page


def test_actions_are_written_to_the_audit_log_only(client, boss, settings):
    user = UserFactory()
    settings.MIDDLEWARE = [
        middleware for middleware in settings.MIDDLEWARE if "evently.logs" not in middleware
    ]

    act(client, "give_organizer_role", user)

    row = AuditLog.objects.get(row_id=user.pk, action="update")
    assert (row.actor, row.via, row.after) == (str(boss.pk), "admin", {"role": "admin"})
    assert LogEntry.objects.count() == 0


def test_tokens_can_be_revoked(client, boss):
    token = issued_token(UserFactory(name="Ana Maria"))

    page = client.get(TOKENS).content.decode()
    client.post(TOKENS, {"action": "revoke", "_selected_action": [str(token.token.pk)]})

    assert "Ana Maria" in page
    assert token.token.digest not in page
    assert operations.authenticate_token(token.secret) is None


def test_admin_login_takes_an_email(client, boss):
    client.logout()

    page = client.post(
        "/admin/login/?next=/admin/", {"username": "BOSS@example.org", "password": PASSWORD}
    )

    assert (page.status_code, page.headers["Location"]) == (302, "/admin/")


def test_admin_login_is_throttled(client, boss):
    client.logout()
    for _ in range(5):
        page = client.post("/admin/login/", {"username": "boss@example.org", "password": "no"})
        assert page.status_code == 200

    page = client.post("/admin/login/", {"username": "boss@example.org", "password": PASSWORD})

    assert "Too many attempts" in page.content.decode()
    assert "_auth_user_id" not in client.session


@pytest.mark.parametrize("method", ["get", "post"])
def test_admin_password_change_redirects_to_the_account_page(client, method):
    user = OrganizerFactory(password=PASSWORD)
    client.force_login(user)
    fields = {
        "old_password": PASSWORD,
        "new_password1": "n3w-enough!",
        "new_password2": "n3w-enough!",
    }

    response = getattr(client, method)("/admin/password_change/", fields)

    assert response.url == "/account/"
    user.refresh_from_db()
    assert user.check_password(PASSWORD)
