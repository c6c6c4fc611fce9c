"""Who can forge the audit log: claims by plain SQL stay recognizable, and signatures fit once."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from uuid import UUID, uuid4

import psycopg
import pytest
from django.conf import settings
from django.db import ProgrammingError, connection, transaction
from django.test import override_settings

from evently.accounts.factories import UserFactory
from evently.accounts.models import User
from evently.audit import signing
from evently.audit.checks import check_signatures
from evently.audit.context import acting, automatically, one_act, stamp
from evently.audit.models import AuditLog
from evently.tests.database import as_owner
from evently.tests.sql import assert_refused, run

pytestmark = pytest.mark.django_db

VICTIM = str(uuid4())


def change(user):
    run("UPDATE users SET role = CASE role WHEN 'user' THEN 'admin' ELSE 'user' END")
    return AuditLog.objects.filter(row_id=user.pk, action="update").order_by("id").last()


@pytest.fixture
def user():
    return UserFactory()


def test_what_the_application_does_is_signed(user):
    act, cause = str(uuid4()), str(uuid4())
    with acting(actor=VICTIM, via="page", request_id="r", act=act, cause=cause):
        stamp(connection)
        row = change(user)

    assert (row.signed, row.actor, row.via, row.client) == (True, VICTIM, "page", None)
    assert (row.act, row.cause) == (UUID(act), UUID(cause))
    assert row.db_role == connection.settings_dict["USER"]


def test_a_forged_actor_is_recorded_as_unsigned(user):
    act = str(uuid4())
    run(
        f"SET LOCAL evently.actor = '{VICTIM}'; SET LOCAL evently.via = 'admin';"
        f" SET LOCAL evently.act = '{act}'"
    )
    row = change(user)

    assert (row.signed, row.actor, row.via) == (False, VICTIM, "admin")
    assert row.db_role == connection.settings_dict["USER"]
    assert row.act != UUID(act)
    assert row.client["application"].split()[0] == "evently"
    assert row.client["process"] == connection.connection.info.backend_pid


def test_changes_of_one_unsigned_transaction_are_one_act(user):
    assert change(user).act == change(user).act
    assert change(user).act.version == 7


@pytest.mark.parametrize(
    "setting", ["actor", "via", "request_id", "act", "cause", "price_rule", "price_reason"]
)
def test_no_signed_setting_can_be_replaced(user, setting):
    with acting(actor=str(user.pk), via="page", act=str(uuid4())):
        stamp(connection)
    assert signing.is_signed(connection)

    run(f"SET LOCAL evently.{setting} = '{VICTIM if setting != 'via' else 'admin'}'")

    assert not signing.is_signed(connection)
    assert change(user).signed is False


def signed_settings(process):
    fields = {
        "actor": VICTIM,
        "via": "page",
        "request_id": "",
        "act": str(uuid4()),
        "cause": "",
        "price_rule": "",
        "price_reason": "",
    }
    return fields | {"signature": signing.sign(fields.values(), process=process)}


def accepted(process, **changes):
    for name, content in (signed_settings(process) | changes).items():
        run("SELECT set_config(%s, %s, true)", f"evently.{name}", content)
    return signing.is_signed(connection)


def test_a_signature_fits_its_connection_only():
    process = connection.connection.info.backend_pid

    assert accepted(process)
    assert not accepted(process + 1)


@pytest.mark.parametrize(("seconds", "fits"), [(-280, True), (280, True), (-320, False)])
def test_a_signature_ends(monkeypatch, seconds, fits):
    at = datetime.now(UTC) + timedelta(seconds=seconds)
    monkeypatch.setattr(signing, "datetime", SimpleNamespace(now=lambda _: at))

    assert accepted(connection.connection.info.backend_pid) is fits


@pytest.mark.parametrize(
    "signature", ["", ".", "x", "1.", "9" * 40, f"{'9' * 13}.{'0' * 64}", f"-1.{'0' * 64}", "1e3.a"]
)
def test_nonsense_is_no_signature(user, signature):
    assert not accepted(connection.connection.info.backend_pid, signature=signature)
    assert change(user).signed is False


def test_another_key_signs_nothing(user):
    with override_settings(SECRET_KEY="not the key of this installation"):
        stamp(connection)
    assert change(user).signed is False


def test_the_application_cannot_read_the_key():
    with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
        run("SELECT * FROM secrets.audit_keys")


def test_the_check_warns_of_unsigned_changes():
    assert check_signatures(None, databases=None) == []
    assert check_signatures(None, databases=["default"]) == []
    with override_settings(SECRET_KEY="another"):
        (warning,) = check_signatures(None, databases=["default"])
    assert "manage.py migrate" in warning.hint


def stored_keys():
    with as_owner() as owner:
        return [name for (name,) in owner.execute("SELECT name FROM secrets.audit_keys").fetchall()]


@pytest.mark.django_db(transaction=True)
def test_keys_follow_the_settings():
    before = stored_keys()
    try:
        with override_settings(SECRET_KEY="new", SECRET_KEY_FALLBACKS=[settings.SECRET_KEY]):
            signing.install_keys("owner")
            assert len(stored_keys()) == 2
            assert set(before) < set(stored_keys())
        # The application's role may not, and leaves them as they are.
        signing.install_keys("default")
        assert len(stored_keys()) == 2
    finally:
        signing.install_keys("owner")
    assert stored_keys() == before


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("constraint", "row"),
    [
        ("chk_audit_key_pads", ("short", b"a", b"b" * 64)),
        ("audit_keys_pkey", (None, b"a" * 64, b"b" * 64)),
    ],
)
def test_keys_are_complete(constraint, row):
    name = row[0] or stored_keys()[0]
    with as_owner() as owner, pytest.raises(psycopg.IntegrityError) as refusal:
        owner.execute("INSERT INTO secrets.audit_keys VALUES (%s, %s, %s)", (name, *row[1:]))
    assert_refused(refusal.value, constraint)


def test_consequences_are_acts_of_evently(user):
    with acting(actor=VICTIM, via="page"), one_act():
        stamp(connection)
        first = change(user)
        with automatically(connection):
            consequence = change(user)
        last = change(user)

    assert (first.actor, consequence.actor, last.actor) == (VICTIM, "evently", VICTIM)
    assert (first.act, first.cause) == (last.act, None)
    assert (consequence.cause, consequence.via) == (first.act, "page")
    assert (first.signed, consequence.signed, last.signed) == (True, True, True)


def test_hidden_columns_stay_hidden(user):
    User.objects.filter(pk=user.pk).update(password="x")
    row = AuditLog.objects.get(row_id=user.pk, action="update")
    assert row.after == {"password_hash": "[redacted]"}
