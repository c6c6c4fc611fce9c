"""Migrations that change rows, run on rows as older releases left them."""

import json
from importlib import import_module

import pytest
from django.core.management import call_command
from django.db import connections
from django.db.migrations.executor import MigrationExecutor

from evently.tests.database import as_owner
from evently.tests.rows import insert, person
from evently.tests.sql import refused, run
from notifications.emails.templates import shipped
from notifications.kinds import KINDS
from notifications.migration import allow_kinds
from notifications.models import TemplateType

pytestmark = pytest.mark.django_db(transaction=True)

BEFORE_KINDS, KINDS_SPLIT, TEMPLATES_REPLACED = (
    "0004_shipped_templates",
    "0005_hidden_kinds",
    "0006_default_templates",
)


def migrate(name):
    MigrationExecutor(connections["owner"]).migrate([("notifications", name)])


@pytest.fixture(autouse=True)
def latest():
    """Migrate the database forward again for all other tests."""
    yield
    # With what follows migrations: privileges, policies, views of analysts.
    call_command("migrate", verbosity=0)


def message(type_, **columns):
    given = {"user_id": person(), "type": type_, "message": "News", "status": "sent"}
    return insert("notifications", **(given | columns))


def rows():
    return {id_: rest for id_, *rest in run("SELECT id, type, data, status FROM notifications")}


# ── 0005: hidden kinds ──────────────────────────────────────────────────────
def test_hidden_kinds_get_their_own_type_unless_they_are_pending():
    migrate(BEFORE_KINDS)
    unbooked = '{"refused": "person_limit"}'
    ended = '{"because": "booked_as_guest"}'
    refusals = [
        message("account_exists", data=unbooked, status="failed", created_at="2001-01-01T00:00Z"),
        message("account_exists", data=unbooked, status="sent"),
    ]
    ends = [message("password_reset", data=ended), message("password_reset", data=ended)]
    others = [
        message("account_exists", data=unbooked, status="pending"),
        message("password_reset", data=ended, status="pending"),
        message("account_exists"),
        message("password_reset"),
        message("notification", data=unbooked),
    ]
    before = rows()

    migrate(KINDS_SPLIT)

    after = rows()
    assert {after[id_][0] for id_ in refusals} == {"guest_refused"}
    assert {after[id_][0] for id_ in ends} == {"password_ended"}
    assert {id_: after[id_] for id_ in others} == {id_: before[id_] for id_ in others}
    assert {id_: rest[1:] for id_, rest in after.items()} == {
        id_: rest[1:] for id_, rest in before.items()
    }


def test_after_the_split_what_was_sent_cannot_be_changed_again():
    migrate(BEFORE_KINDS)
    id_ = message("account_exists", data='{"refused": "person_limit"}')

    migrate(KINDS_SPLIT)

    with refused("trg_notifications_frozen"):
        run("UPDATE notifications SET type = 'welcome' WHERE id = %s", id_)


def test_the_way_back_hides_them_as_the_older_release_expects():
    migrate(KINDS_SPLIT)
    refusal = message("guest_refused", data='{"refused": "already_waiting"}')
    end = message("password_ended")

    migrate(BEFORE_KINDS)

    after = rows()
    assert after[refusal] == ["account_exists", '{"refused": "already_waiting"}', "sent"]
    assert after[end] == ["password_reset", '{"because": "booked_as_guest"}', "sent"]
    user_id = person()
    with refused("chk_notification_type"):
        insert("notifications", user_id=user_id, type="guest_refused", message="News")


def test_many_rows_are_changed_in_parts(monkeypatch):
    migration = import_module(f"notifications.migrations.{KINDS_SPLIT}")
    monkeypatch.setattr(migration, "ROWS_PER_TRANSACTION", 2)
    migrate(BEFORE_KINDS)
    for _ in range(5):
        message("password_reset", data='{"because": "booked_as_guest"}')

    migrate(KINDS_SPLIT)

    assert {type_ for type_, *_ in rows().values()} == {"password_ended"}
    assert len(rows()) == 5


# ── allow_kinds ─────────────────────────────────────────────────────────────
def test_allow_kinds_lets_the_database_accept_another_kind_and_takes_it_back():
    swap, validate = allow_kinds([*KINDS, "parade"], before=list(KINDS))
    user_id = person()
    insert_one = "INSERT INTO notifications (user_id, type, message) VALUES (%s, 'parade', 'x')"
    valid = "SELECT bool_and(convalidated) FROM pg_constraint WHERE conname = %s"

    with as_owner() as connection:
        connection.execute(swap.sql)
        assert connection.execute(valid, ["chk_notification_type"]).fetchone() == (False,)
        connection.execute(validate.sql)
        assert connection.execute(valid, ["chk_notification_type"]).fetchone() == (True,)
        connection.execute(insert_one, [user_id])
        connection.execute("SET CONSTRAINTS ALL IMMEDIATE")
        connection.execute("DELETE FROM notifications")
        connection.execute(validate.reverse_sql)
        connection.execute(swap.reverse_sql)
        assert connection.execute(valid, ["chk_notification_type"]).fetchone() == (True,)

    with refused("chk_notification_type"):
        insert("notifications", user_id=user_id, type="parade", message="x")


# ── 0006: default templates ─────────────────────────────────────────────────
def version(type_, number, subject, html, text):
    run("UPDATE email_templates SET is_active = false WHERE template_type = %s", type_)
    return insert(
        "email_templates",
        template_type=type_,
        version=number,
        subject_template=subject,
        html_template=html,
        text_template=text,
        variables='["userName"]',
    )


def active(type_):
    ((number, *text, variables),) = run(
        "SELECT version, subject_template, html_template, text_template, variables"
        " FROM email_templates WHERE template_type = %s AND is_active",
        type_,
    )
    return number, tuple(text), variables


@pytest.mark.parametrize(
    ("before", "migration"),
    [(KINDS_SPLIT, TEMPLATES_REPLACED), ("0008_password_changed", "0009_true_sentences")],
)
def test_untouched_default_templates_are_replaced_and_others_kept(before, migration):
    module = import_module(f"notifications.migrations.{migration}")
    old, added = module.REPLACED, getattr(module, "NEW_VARIABLES", {})
    edited = next(iter(old))
    migrate(before)
    for type_, text in old.items():
        version(type_, 2, *text)
    own = ("Ahoy {userName}", *old[edited][1:])
    version(edited, 3, *own)

    migrate(migration)

    assert active(edited)[:2] == (3, own)
    for type_ in old.keys() - {edited}:
        new = shipped(TemplateType(type_))
        variables = json.dumps(["userName", *added.get(type_, [])])
        assert active(type_) == (3, (new.subject, new.html, new.text), variables)
    assert active("notification")[0] == 1


def test_of_a_new_installation_the_default_templates_are_version_1():
    migrate(KINDS_SPLIT)

    migrate(TEMPLATES_REPLACED)

    assert run("SELECT DISTINCT version FROM email_templates") == [(1,)]
