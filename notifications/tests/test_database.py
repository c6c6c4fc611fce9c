"""The tables, gone around Django: what they accept and what they refuse."""

from datetime import UTC, datetime, timedelta

import pytest
from psycopg.types.json import Jsonb

from evently.tests.rows import SEALED, insert, person
from evently.tests.sql import refused, run, value

pytestmark = pytest.mark.django_db

PARTITIONS = """
    SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
    WHERE i.inhparent = 'notifications'::regclass
"""


def message(**columns):
    given = {"user_id": columns.pop("user_id", None) or person(), "type": "notification"}
    return insert("notifications", **(given | {"message": "News"} | columns))


def mail(**columns):
    given = {"user_id": columns.pop("user_id", None) or person(), "template_type": "welcome"}
    return insert("email_delivery_log", **(given | columns))


def template(**columns):
    given = {"subject_template": "a", "html_template": "b", "text_template": "c", "version": 7}
    given |= {"template_type": "welcome", "is_active": False}
    return insert("email_templates", **(given | columns))


# ── Notifications ───────────────────────────────────────────────────────────
def test_notification_needs_only_what_matters():
    row = run(
        "SELECT status, channels, data, read, event_id, sent_at FROM notifications WHERE id = %s",
        message(),
    )

    assert row == [("pending", '["in_app", "email"]', "{}", False, None, None)]


@pytest.mark.parametrize("status", ["pending", "sent", "delivered", "failed"])
def test_notification_status_accepts(status):
    assert message(status=status)


@pytest.mark.parametrize(
    ("constraint", "columns"),
    [
        ("chk_notification_status", {"status": "bounced"}),
        ("chk_notification_type", {"type": "gossip"}),
        ("chk_notification_channels", {"channels": Jsonb(["pigeon"])}),
        ("chk_notification_channels", {"channels": Jsonb("email")}),
        ("chk_notification_channels", {"channels": Jsonb({"email": True})}),
    ],
)
def test_notification_refuses(constraint, columns):
    user_id = person()
    with refused(constraint):
        message(user_id=user_id, **columns)


def test_notification_of_nobody_is_refused():
    with refused("fk_notifications_user"):
        message(user_id=value("SELECT evently_uuid7()"))


def test_a_notification_is_there_once():
    """notifications_pkey, under the name that its partition gives it."""
    id_ = message()
    ((partition, created_at),) = run(
        "SELECT tableoid::regclass::text, created_at FROM notifications WHERE id = %s", id_
    )

    message(created_at=created_at)
    with refused(f"{partition}_pkey"):
        message(id=id_, created_at=created_at)


def test_event_of_a_notification_may_be_gone():
    assert message(event_id=value("SELECT evently_uuid7()"))


def test_notifications_go_with_their_person():
    user_id = person()
    message(user_id=user_id)
    insert("message_keys", user_id=user_id, key="a", notification_id=user_id)
    mail(user_id=user_id)

    run("DELETE FROM users WHERE id = %s", user_id)
    run("SET CONSTRAINTS ALL IMMEDIATE")

    for table in ("notifications", "message_keys", "email_delivery_log"):
        assert value(f"SELECT count(*) FROM {table} WHERE user_id = %s", user_id) == 0


@pytest.mark.parametrize(
    "change",
    [
        "message = 'Other news'",
        "type = 'welcome'",
        "data = '{\"booking\": 1}'",
        "event_id = id",
        "created_at = created_at + interval '1 month'",
        "user_id = id",
    ],
)
def test_what_was_said_cannot_be_changed(change):
    id_ = message()
    with refused("trg_notifications_frozen"):
        run(f"UPDATE notifications SET {change} WHERE id = %s", id_)


def test_what_becomes_of_a_message_can_be_changed():
    id_ = message()

    run("UPDATE notifications SET status = 'sent', sent_at = now(), read = true WHERE id = %s", id_)

    assert value("SELECT status FROM notifications WHERE id = %s", id_) == "sent"


# ── Partitions ──────────────────────────────────────────────────────────────
def test_a_message_lies_in_the_partition_of_its_month():
    id_ = message()

    ((name, created_at),) = run(
        "SELECT tableoid::regclass::text, created_at FROM notifications WHERE id = %s", id_
    )

    assert name == created_at.astimezone(UTC).strftime("notifications_%Y_%m")


def test_partitions_are_made_by_the_application_which_owns_none():
    assert value("SELECT current_user") != value(
        "SELECT tableowner FROM pg_tables WHERE tablename = 'notifications'"
    )
    before = {name for (name,) in run(PARTITIONS)}

    made = value("SELECT evently_make_notification_partitions(5)")
    again = value("SELECT evently_make_notification_partitions(5)")

    after = {name for (name,) in run(PARTITIONS)}
    # Three months ahead were made with the tables; a month may have begun since.
    assert made == len(after - before)
    assert made in (2, 3)
    assert again == 0


def test_partitions_have_every_index_key_and_trigger_of_the_parent():
    value("SELECT evently_make_notification_partitions(4)")
    names = sorted(name for (name,) in run(PARTITIONS))
    shapes = {
        name: (
            value("SELECT count(*) FROM pg_indexes WHERE tablename = %s", name),
            value("SELECT count(*) FROM pg_constraint WHERE conrelid = %s::regclass", name),
            value("SELECT count(*) FROM pg_trigger WHERE tgrelid = %s::regclass", name),
        )
        for name in names
    }

    assert len(set(shapes.values())) == 1, shapes


def test_rows_of_the_default_partition_move_into_their_own():
    far = datetime.now(UTC).replace(day=1) + timedelta(days=31 * 5)
    id_ = message(created_at=far)
    where = "SELECT tableoid::regclass::text FROM notifications WHERE id = %s"
    assert value(where, id_) == "notifications_default"
    run("SET CONSTRAINTS ALL IMMEDIATE")

    value("SELECT evently_make_notification_partitions(6)")

    assert value(where, id_) == far.strftime("notifications_%Y_%m")
    assert value("SELECT count(*) FROM notifications_default") == 0


@pytest.mark.parametrize("months", [-1, 25])
def test_partitions_are_not_made_at_any_distance(months):
    with pytest.raises(Exception, match="0 to 24 months"):
        value("SELECT evently_make_notification_partitions(%s)", months)


def test_the_application_makes_no_table_of_its_own():
    with pytest.raises(Exception, match=r"permission denied|must be owner"):
        run("CREATE TABLE notifications_mine PARTITION OF notifications DEFAULT")


# ── Keys ────────────────────────────────────────────────────────────────────
def test_a_key_is_there_once_a_person():
    user_id, other = person(), person()
    insert("message_keys", user_id=user_id, key="welcome", notification_id=user_id)
    insert("message_keys", user_id=other, key="welcome", notification_id=user_id)

    with refused("unq_message_user_key"):
        insert("message_keys", user_id=user_id, key="welcome", notification_id=other)


def test_a_key_belongs_to_somebody():
    user_id, nobody = person(), value("SELECT evently_uuid7()")
    row = insert("message_keys", user_id=user_id, key="a", notification_id=user_id)

    with refused("fk_message_keys_user"):
        insert("message_keys", user_id=nobody, key="a", notification_id=user_id)
    with refused("message_keys_pkey"):
        insert("message_keys", id=row, user_id=user_id, key="b", notification_id=user_id)


def test_a_key_says_something():
    user_id = person()
    with refused("chk_message_key"):
        insert("message_keys", user_id=user_id, key="", notification_id=user_id)


# ── The delivery log ────────────────────────────────────────────────────────
@pytest.mark.parametrize("status", ["pending", "sent", "delivered", "failed", "bounced"])
@pytest.mark.parametrize("provider", ["smtp", "sendgrid"])
def test_mail_accepts(status, provider):
    assert mail(status=status, provider=provider, recipient_email=SEALED)


@pytest.mark.parametrize(
    ("constraint", "columns"),
    [
        ("chk_delivery_status", {"status": "lost"}),
        ("chk_delivery_provider", {"provider": "pigeon"}),
        ("chk_delivery_template", {"template_type": "password_reset"}),
        ("chk_delivery_recipient", {"recipient_email": "ada@example.org"}),
        ("email_delivery_log_send_attempts_check", {"send_attempts": -1}),
    ],
)
def test_mail_refuses(constraint, columns):
    user_id = person()
    with refused(constraint):
        mail(user_id=user_id, **columns)


def test_a_message_has_one_mail():
    id_ = message()
    mail(notification_id=id_)
    mail()
    mail()

    with refused("unq_delivery_notification"):
        mail(notification_id=id_)


def test_a_mail_goes_to_somebody_who_is_there():
    user_id, nobody = person(), value("SELECT evently_uuid7()")
    row = mail(user_id=user_id)

    with refused("fk_email_delivery_log_user"):
        mail(user_id=nobody)
    with refused("email_delivery_log_pkey"):
        mail(user_id=user_id, id=row)


# ── Templates ───────────────────────────────────────────────────────────────
def test_six_templates_are_there():
    rows = run("SELECT template_type, version FROM email_templates WHERE is_active ORDER BY 1")

    assert rows == [
        ("booking_confirm", 1),
        ("cancellation", 1),
        ("notification", 1),
        ("waitlist_join", 1),
        ("waitlist_promotion", 1),
        ("welcome", 1),
    ]


@pytest.mark.parametrize(
    ("constraint", "columns"),
    [
        ("chk_template_type", {"template_type": "event_changed"}),
        ("chk_template_filled", {"subject_template": ""}),
        ("chk_template_filled", {"html_template": ""}),
        ("chk_template_filled", {"text_template": ""}),
        ("chk_template_version", {"version": 0}),
        ("chk_template_version", {"version": -1}),
        ("unq_template_active", {"is_active": True}),
        ("unq_template_version", {"version": 1}),
    ],
)
def test_template_refuses(constraint, columns):
    with refused(constraint):
        template(**columns)


def test_templates_are_told_apart_by_their_id():
    id_ = template()
    template(version=8)

    with refused("email_templates_pkey"):
        template(id=id_, version=9)


def test_a_version_says_for_ever_what_it_said():
    id_ = template()
    with refused("trg_template_frozen"):
        run("UPDATE email_templates SET html_template = 'x' WHERE id = %s", id_)


def test_a_version_can_be_put_out_of_use_and_notes_when():
    id_ = value("SELECT id FROM email_templates WHERE template_type = 'welcome'")
    before = value("SELECT updated_at FROM email_templates WHERE id = %s", id_)

    run("UPDATE email_templates SET is_active = false WHERE id = %s", id_)

    assert value("SELECT updated_at FROM email_templates WHERE id = %s", id_) > before
    assert template(is_active=True)


def test_templates_leave_a_trail():
    id_ = template()

    rows = run("SELECT action FROM audit_log WHERE row_id = %s", id_)

    assert rows == [("insert",)]


def test_the_owner_alone_may_switch_the_triggers_off():
    with pytest.raises(Exception, match="must be owner"):
        run("ALTER TABLE notifications DISABLE TRIGGER trg_notifications_frozen")
