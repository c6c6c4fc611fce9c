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
def test_hidden_kinds_get_their_own_type_and_lose_it_on_the_way_back(monkeypatch):
    """In parts, and unless they are pending. One test, as each takes the whole way back."""
    split = import_module(f"notifications.migrations.{KINDS_SPLIT}")
    monkeypatch.setattr(split, "ROWS_PER_TRANSACTION", 2)
    migrate(BEFORE_KINDS)
    unbooked = '{"refused": "person_limit"}'
    ended = '{"because": "booked_as_guest"}'
    refusals = [
        message("account_exists", data=unbooked, status="failed", created_at="2001-01-01T00:00Z"),
        message("account_exists", data=unbooked, status="sent"),
    ]
    ends = [message("password_reset", data=ended) for _ in range(5)]
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
    with refused("trg_notifications_frozen"):
        run("UPDATE notifications SET type = 'welcome' WHERE id = %s", refusals[0])

    # What the newer release wrote has no data that says more than its type.
    refusal = message("guest_refused", data='{"refused": "already_waiting"}')
    end = message("password_ended")
    migrate(BEFORE_KINDS)

    after = rows()
    assert after[refusal] == ["account_exists", '{"refused": "already_waiting"}', "sent"]
    assert after[end] == ["password_reset", ended, "sent"]
    user_id = person()
    with refused("chk_notification_type"):
        insert("notifications", user_id=user_id, type="guest_refused", message="News")


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
def version(type_, *text):
    """Put a text in use, and return the number of its version."""
    run("UPDATE email_templates SET is_active = false WHERE template_type = %s", type_)
    ((number,),) = run(
        "SELECT max(version) + 1 FROM email_templates WHERE template_type = %s", type_
    )
    subject, html, plain = text
    insert(
        "email_templates",
        template_type=type_,
        version=number,
        subject_template=subject,
        html_template=html,
        text_template=plain,
        variables='["userName"]',
    )
    return number


def active(type_):
    ((number, *text, variables),) = run(
        "SELECT version, subject_template, html_template, text_template, variables"
        " FROM email_templates WHERE template_type = %s AND is_active",
        type_,
    )
    return number, tuple(text), variables


def test_untouched_default_templates_are_replaced_and_others_kept():
    """One test for a new installation and two migrations, as each takes the whole way back."""
    migrate(KINDS_SPLIT)
    migrate(TEMPLATES_REPLACED)
    assert run("SELECT DISTINCT version FROM email_templates") == [(1,)]

    replace_templates(KINDS_SPLIT, TEMPLATES_REPLACED)
    replace_templates("0008_password_changed", "0009_true_sentences")


def replace_templates(before, migration):
    module = import_module(f"notifications.migrations.{migration}")
    old, added = module.REPLACED, getattr(module, "NEW_VARIABLES", {})
    edited = next(iter(old))
    migrate(before)
    untouched = {type_: version(type_, *text) for type_, text in old.items()}
    own = ("Ahoy {userName}", *old[edited][1:])
    number = version(edited, *own)

    migrate(migration)

    assert active(edited)[:2] == (number, own)
    for type_ in old.keys() - {edited}:
        new = shipped(TemplateType(type_))
        variables = json.dumps(["userName", *added.get(type_, [])])
        assert active(type_) == (untouched[type_] + 1, (new.subject, new.html, new.text), variables)
    assert active("notification")[0] == 1
