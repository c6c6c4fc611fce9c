from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from evently.accounts.factories import UserFactory
from evently.accounts.models import User
from evently.accounts.queries import user_with_address
from evently.audit.models import AuditLog

pytestmark = pytest.mark.django_db


def test_make_organizer():
    user = UserFactory(email="ana@example.org")

    out = StringIO()
    call_command("make_organizer", "ANA@example.org", stdout=out)

    assert User.objects.get(pk=user.pk).is_organizer
    assert "is now an organizer" in out.getvalue()
    row = AuditLog.objects.get(row_id=user.pk, action="update")
    assert (row.via, row.after) == ("shell", {"role": "admin"})


def test_make_organizer_refuses_unknown_emails():
    with pytest.raises(CommandError, match="has to sign up first"):
        call_command("make_organizer", "nobody@example.org")


def test_createsuperuser_without_a_terminal(monkeypatch):
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", "correct horse battery")

    call_command("createsuperuser", "--noinput", "--email", "root@example.org", stdout=StringIO())

    user = user_with_address("root@example.org")
    assert (user.is_superuser, user.is_staff, user.is_verified, user.name) == (
        True,
        True,
        True,
        "root",
    )
    assert user.check_password("correct horse battery")


def test_createsuperuser_prompts(monkeypatch):
    answers = iter(["root@example.org", "Root"])
    secrets = iter(["short", "correct horse battery", "mistyped", *["correct horse battery"] * 2])
    monkeypatch.setattr("builtins.input", lambda prompt: next(answers))
    monkeypatch.setattr("getpass.getpass", lambda prompt: next(secrets))

    errors = StringIO()
    call_command("createsuperuser", stdout=StringIO(), stderr=errors)

    assert user_with_address("root@example.org").name == "Root"
    assert "too short" in errors.getvalue()
    assert "do not match" in errors.getvalue()


@pytest.mark.parametrize(
    ("email", "password", "sentence"),
    [
        ("root@example.org", "", "Set --email"),
        ("", "correct horse battery", "Set --email"),
        ("root", "correct horse battery", "email address like"),
        ("root@example.org", "short", "too short"),
        ("taken@example.org", "correct horse battery", "already an account"),
    ],
)
def test_createsuperuser_refuses(monkeypatch, email, password, sentence):
    UserFactory(email="taken@example.org")
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", password)

    with pytest.raises(CommandError, match=sentence):
        call_command("createsuperuser", "--noinput", "--email", email)
    assert User.objects.count() == 1
