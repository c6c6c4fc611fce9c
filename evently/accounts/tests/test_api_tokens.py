import re
from datetime import timedelta
from uuid import uuid4

import pytest

from evently.accounts import operations
from evently.accounts.factories import OrganizerFactory, UserFactory, issued_token
from evently.accounts.models import ApiToken
from evently.accounts.operations.api_tokens import TokenNotFound
from evently.accounts.queries import tokens_of
from evently.audit.models import AuditLog

pytestmark = pytest.mark.django_db


def test_issue_token_shows_the_secret_once():
    user = UserFactory()

    issued = operations.issue_token(user_id=user.pk, name=" my  shop ", scopes=["read", "book"])

    assert re.fullmatch(r"evt_[A-Za-z0-9_-]{43}", issued.secret)
    stored = ApiToken.objects.get()
    assert issued.secret not in str(vars(stored))
    assert (stored.name, stored.scopes) == ("my shop", ["book", "read"])
    assert stored.expires_at - stored.created_at == pytest.approx(
        timedelta(days=30), abs=timedelta(seconds=5)
    )


def test_issue_token_creates_unique_secrets():
    user = UserFactory()

    assert len({issued_token(user).secret for _ in range(20)}) == 20


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"scopes": []}, "scopes"),
        ({"scopes": ["write"]}, "scopes"),
        ({"name": ""}, "name"),
        ({"name": "a\x00"}, "name"),
        ({"name": "x" * 101}, "name"),
        ({"lifetime": timedelta(0)}, "expires_at"),
        ({"lifetime": timedelta(days=-1)}, "expires_at"),
        ({"lifetime": timedelta(days=400)}, "expires_at"),
    ],
)
def test_issue_token_refuses(changes, field):
    columns = {"user_id": UserFactory().pk, "name": "shop", "scopes": ["read"]} | changes

    with pytest.raises(operations.TokenRequestInvalid) as refusal:
        operations.issue_token(**columns)
    assert refusal.value.fields.keys() == {field}
    assert ApiToken.objects.count() == 0


def test_issue_token_allows_organize_for_organizers_only():
    with pytest.raises(operations.ScopeNotAllowed):
        issued_token(UserFactory(), "organize")

    assert issued_token(OrganizerFactory(), "organize").token.scopes == ["organize"]


def test_issue_token_refuses_unknown_and_deactivated_users():
    for user_id in (uuid4(), UserFactory(is_active=False).pk):
        with pytest.raises(operations.UserNotFound):
            operations.issue_token(user_id=user_id, name="shop", scopes=["read"])


def test_authenticate_token_takes_one_query(django_assert_num_queries):
    user = UserFactory(name="Ana")
    secret = issued_token(user).secret
    operations.authenticate_token(secret)

    with django_assert_num_queries(1):
        token = operations.authenticate_token(secret)
        assert (token.user, token.user.name, token.allows("read")) == (user, "Ana", True)


def test_authenticate_token_writes_last_used_on_once_a_day(clock, django_assert_num_queries):
    token = issued_token(UserFactory(), lifetime=timedelta(days=9))

    with django_assert_num_queries(2):
        first = operations.authenticate_token(token.secret)
    with django_assert_num_queries(1):
        operations.authenticate_token(token.secret)
    assert ApiToken.objects.get().last_used_on == first.last_used_on
    assert AuditLog.objects.filter(table_name="api_tokens", action="update").count() == 0


def test_authenticate_token_refuses_malformed_secrets(django_assert_num_queries):
    with django_assert_num_queries(0):
        for secret in ("", "x", "Bearer", "evt_" + "ä" * 43, "evt_" + "A" * 200, "\ud800"):
            assert operations.authenticate_token(secret) is None
    assert operations.authenticate_token("evt_" + "A" * 43) is None
    assert operations.authenticate_token("evt_") is None


@pytest.mark.django_db(transaction=True)
def test_authenticate_token_refuses_expired_tokens(clock):
    secret = issued_token(UserFactory(), lifetime=timedelta(hours=1)).secret

    clock.move(timedelta(minutes=59))
    assert operations.authenticate_token(secret) is not None
    clock.move(timedelta(minutes=61))
    assert operations.authenticate_token(secret) is None


def test_revoke_token_is_effective_at_once():
    user = UserFactory()
    kept, revoked = issued_token(user), issued_token(user)

    first = operations.revoke_token(user_id=user.pk, token_id=revoked.token.pk)
    again = operations.revoke_token(user_id=user.pk, token_id=revoked.token.pk)

    assert first.revoked_at == again.revoked_at
    assert operations.authenticate_token(revoked.secret) is None
    assert operations.authenticate_token(kept.secret) is not None
    assert list(tokens_of(user.pk)) == [kept.token]


def test_revoke_token_refuses_tokens_of_other_users():
    token = issued_token(UserFactory())

    for token_id in (token.token.pk, uuid4()):
        with pytest.raises(TokenNotFound):
            operations.revoke_token(user_id=UserFactory().pk, token_id=token_id)
    assert operations.authenticate_token(token.secret) is not None


def test_tokens_end_when_the_account_is_deactivated():
    user = UserFactory()
    token = issued_token(user)

    operations.set_active(user_id=user.pk, active=False)
    assert operations.authenticate_token(token.secret) is None
    operations.set_active(user_id=user.pk, active=True)
    assert operations.authenticate_token(token.secret) is None


def test_organize_scope_ends_with_the_organizer_role():
    organizer = OrganizerFactory()
    secret = issued_token(organizer, "read", "organize").secret
    assert operations.authenticate_token(secret).allows("organize")

    operations.withdraw_organizer(user_id=organizer.pk)

    token = operations.authenticate_token(secret)
    assert (token.allows("organize"), token.allows("read"), token.allows("book")) == (
        False,
        True,
        False,
    )


def test_audit_log_has_neither_digest_nor_name():
    issued_token(UserFactory())

    row = AuditLog.objects.get(table_name="api_tokens")
    assert (row.after["digest"], row.after["name"]) == ("[redacted]", "[redacted]")
