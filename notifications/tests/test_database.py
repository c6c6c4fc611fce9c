"""The tables, tested with plain SQL: what they accept and what they refuse."""

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


def delivery(**columns):
    given = {"user_id": columns.pop("user_id", None) or person(), "template_type": "welcome"}
    return insert("email_delivery_log", **(given | columns))


def template(**columns):
    given = {"subject_template": "a", "html_template": "b", "text_template": "c", "version": 7}
    given |= {"template_type": "welcome", "is_active": False}
    return insert("email_templates", **(given | columns))


# ── Notifications ───────────────────────────────────────────────────────────
def test_notification_has_defaults():
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


def test_notification_without_a_user_is_refused():
    with refused("fk_notifications_user"):
        message(user_id=value("SELECT evently_uuid7()"))


def test_notification_id_is_unique():
    """notifications_pkey, which has another name in each partition."""
    id_ = message()
    ((partition, created_at),) = run(
        "SELECT tableoid::regclass::text, created_at FROM notifications WHERE id = %s", id_
    )

    message(created_at=created_at)
    with refused(f"{partition}_pkey"):
        message(id=id_, created_at=created_at)


def test_event_of_a_notification_may_be_deleted():
    assert message(event_id=value("SELECT evently_uuid7()"))


def test_notifications_are_deleted_with_their_user():
    user_id = person()
    message(user_id=user_id)
    insert("message_keys", user_id=user_id, key="a", notification_id=user_id)
    delivery(user_id=user_id)

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
def test_content_of_a_notification_cannot_be_changed(change):
    id_ = message()
    with refused("trg_notifications_frozen"):
        run(f"UPDATE notifications SET {change} WHERE id = %s", id_)


def test_status_of_a_notification_can_be_changed():
    id_ = message()

    run("UPDATE notifications SET status = 'sent', sent_at = now(), read = true WHERE id = %s", id_)

    assert value("SELECT status FROM notifications WHERE id = %s", id_) == "sent"


# ── Partitions ──────────────────────────────────────────────────────────────
def test_notification_is_in_the_partition_of_its_month():
    id_ = message()

    ((name, created_at),) = run(
        "SELECT tableoid::regclass::text, created_at FROM notifications WHERE id = %s", id_
    )

    assert name == created_at.astimezone(UTC).strftime("notifications_%Y_%m")


def test_application_creates_partitions_without_owning_them():
    assert value("SELECT current_user") != value(
        "SELECT tableowner FROM pg_tables WHERE tablename = 'notifications'"
    )
    before = {name for (name,) in run(PARTITIONS)}

    made = value("SELECT evently_make_notification_partitions(5)")
    again = value("SELECT evently_make_notification_partitions(5)")

    after = {name for (name,) in run(PARTITIONS)}
    # Three months ahead were created with the tables; a new month may have begun since.
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
    left = "SELECT count(*) FROM notifications WHERE tableoid = 'notifications_default'::regclass"
    assert value(left) == 0


@pytest.mark.parametrize("months", [-1, 25])
def test_partitions_are_limited_to_24_months_ahead(months):
    with pytest.raises(Exception, match="0 to 24 months"):
        value("SELECT evently_make_notification_partitions(%s)", months)


def test_application_cannot_create_tables():
    with pytest.raises(Exception, match=r"permission denied|must be owner"):
        run("CREATE TABLE notifications_mine PARTITION OF notifications DEFAULT")


# ── Keys ────────────────────────────────────────────────────────────────────
def test_key_is_unique_per_user():
    user_id, other = person(), person()
    insert("message_keys", user_id=user_id, key="welcome", notification_id=user_id)
    insert("message_keys", user_id=other, key="welcome", notification_id=user_id)

    with refused("unq_message_user_key"):
        insert("message_keys", user_id=user_id, key="welcome", notification_id=other)


def test_key_belongs_to_a_user():
    user_id, missing = person(), value("SELECT evently_uuid7()")
    row = insert("message_keys", user_id=user_id, key="a", notification_id=user_id)

    with refused("fk_message_keys_user"):
        insert("message_keys", user_id=missing, key="a", notification_id=user_id)
    with refused("message_keys_pkey"):
        insert("message_keys", id=row, user_id=user_id, key="b", notification_id=user_id)


def test_key_is_not_empty():
    user_id = person()
    with refused("chk_message_key"):
        insert("message_keys", user_id=user_id, key="", notification_id=user_id)


# ── The delivery log ────────────────────────────────────────────────────────
@pytest.mark.parametrize("status", ["pending", "sent", "delivered", "failed", "bounced"])
@pytest.mark.parametrize("provider", ["smtp", "sendgrid"])
def test_delivery_accepts(status, provider):
    assert delivery(status=status, provider=provider, recipient_email=SEALED)


@pytest.mark.parametrize("name", ["smtp:main", "sendgrid:eu-2", "unisender-go", "mailgun:a_b"])
def test_delivery_accepts_providers_by_their_names_in_the_settings(name):
    assert delivery(provider=name, provider_message_id="a")


@pytest.mark.parametrize(
    ("constraint", "columns"),
    [
        ("chk_delivery_status", {"status": "lost"}),
        ("chk_delivery_provider", {"provider": "pigeon"}),
        ("chk_delivery_provider", {"provider": "smtp:"}),
        ("chk_delivery_provider", {"provider": "smtp:Main"}),
        ("chk_delivery_provider", {"provider": "smtp:main\n"}),
        ("chk_delivery_provider", {"provider": "pigeon:smtp"}),
        ("chk_delivery_template", {"template_type": "password_reset"}),
        ("chk_delivery_recipient", {"recipient_email": "ada@example.org"}),
        ("email_delivery_log_send_attempts_check", {"send_attempts": -1}),
    ],
)
def test_delivery_refuses(constraint, columns):
    user_id = person()
    with refused(constraint):
        delivery(user_id=user_id, **columns)


def test_notification_has_one_delivery():
    id_ = message()
    delivery(notification_id=id_)
    delivery()
    delivery()

    with refused("unq_delivery_notification"):
        delivery(notification_id=id_)


def test_delivery_belongs_to_a_user():
    user_id, missing = person(), value("SELECT evently_uuid7()")
    row = delivery(user_id=user_id)

    with refused("fk_email_delivery_log_user"):
        delivery(user_id=missing)
    with refused("email_delivery_log_pkey"):
        delivery(user_id=user_id, id=row)


# ── Templates ───────────────────────────────────────────────────────────────
def test_a_template_of_each_type_exists():
    rows = run("SELECT template_type, version FROM email_templates WHERE is_active ORDER BY 1")

    assert rows == [
        ("booking_confirm", 1),
        ("cancellation", 1),
        ("event_over", 1),
        ("notification", 1),
        ("organizer_message", 1),
        ("payment_reminder", 1),
        ("reminder", 1),
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
        ("chk_template_subject", {"subject_template": "Hello\r\nBcc: all@example.org"}),
        ("chk_template_subject", {"subject_template": "x" * 201}),
        ("chk_template_size", {"html_template": "x" * 50_001}),
        ("chk_template_size", {"text_template": "x" * 20_001}),
        ("chk_template_note", {"note": "two\nlines"}),
        ("chk_template_restored", {"restored_from": 7}),
        ("chk_template_failed", {"failure": "template_blank"}),
        ("unq_template_active", {"is_active": True}),
        ("unq_template_version", {"version": 1}),
    ],
)
def test_template_refuses(constraint, columns):
    with refused(constraint):
        template(**columns)


def test_template_id_is_unique():
    id_ = template()
    template(version=8)

    with refused("email_templates_pkey"):
        template(id=id_, version=9)


def test_content_of_a_template_version_cannot_be_changed():
    id_ = template(restored_from=6)
    for change in ("html_template = 'x'", "note = 'x'", "restored_from = 5"):
        with refused("trg_template_frozen"):
            run(f"UPDATE email_templates SET {change} WHERE id = %s", id_)
    run("UPDATE email_templates SET failed_at = now(), failure = 'other' WHERE id = %s", id_)


def test_template_version_can_be_deactivated_and_records_when():
    id_ = value("SELECT id FROM email_templates WHERE template_type = 'welcome'")
    before = value("SELECT updated_at FROM email_templates WHERE id = %s", id_)

    run("UPDATE email_templates SET is_active = false WHERE id = %s", id_)

    assert value("SELECT updated_at FROM email_templates WHERE id = %s", id_) > before
    assert template(is_active=True)


def test_templates_are_audited():
    id_ = template()

    rows = run("SELECT action FROM audit_log WHERE row_id = %s", id_)

    assert rows == [("insert",)]


def test_only_the_owner_can_disable_triggers():
    with pytest.raises(Exception, match="must be owner"):
        run("ALTER TABLE notifications DISABLE TRIGGER trg_notifications_frozen")


@pytest.mark.parametrize(
    ("table", "change"),
    [
        ("notifications", "delivered_at = NULL"),
        ("notifications", "delivered_at = now() - interval '1 day'"),
        ("notifications", "sent_at = NULL"),
        ("email_delivery_log", "delivered_at = NULL"),
        ("email_delivery_log", "template_type = 'welcome'"),
        ("email_delivery_log", "notification_id = id"),
    ],
)
def test_what_was_delivered_and_when_cannot_be_changed(table, change):
    message()
    insert("email_delivery_log", template_type="cancellation", user_id=person())
    run("UPDATE notifications SET sent_at = now(), delivered_at = now()")
    run("UPDATE email_delivery_log SET delivered_at = now()")
    with refused("trg_delivery_frozen"):
        run(f"UPDATE {table} SET {change}")
