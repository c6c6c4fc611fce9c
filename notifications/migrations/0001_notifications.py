"""Notifications, partitioned by month, and the keys that make each message the only one.

Django knows `id` as the key; the database's key has to hold the column that partitions, so the
table is made by SQL and only described to Django.
"""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models

import evently.database.functions
import evently.database.ids
import notifications.models
from evently.database.sql import foreign_key, function_and_triggers

TYPES = (
    "welcome",
    "verify_address",
    "account_exists",
    "password_reset",
    "login_link",
    "booking_confirm",
    "cancellation",
    "waitlist_join",
    "waitlist_promotion",
    "promotion_ended",
    "waitlist_closed",
    "event_cancelled",
    "event_changed",
    "notification",
)

TABLE = f"""
CREATE TABLE notifications (
    id uuid NOT NULL DEFAULT evently_uuid7(),
    user_id uuid NOT NULL,
    event_id uuid,
    type text NOT NULL,
    message text NOT NULL,
    channels jsonb NOT NULL DEFAULT '["in_app", "email"]',
    data jsonb NOT NULL DEFAULT '{{}}',
    status text NOT NULL DEFAULT 'pending',
    next_attempt_at timestamptz NOT NULL DEFAULT evently_clock(),
    sent_at timestamptz,
    delivered_at timestamptz,
    read boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL DEFAULT evently_clock(),
    CONSTRAINT notifications_pkey PRIMARY KEY (id, created_at),
    CONSTRAINT chk_notification_type CHECK (type IN ({", ".join(f"'{type}'" for type in TYPES)})),
    CONSTRAINT chk_notification_status
        CHECK (status IN ('pending', 'sent', 'delivered', 'failed')),
    CONSTRAINT chk_notification_channels
        CHECK (jsonb_typeof(channels) = 'array' AND channels <@ '["in_app", "email"]'::jsonb)
) PARTITION BY RANGE (created_at);

CREATE INDEX idx_notifications_user_unread ON notifications (user_id, created_at DESC)
    WHERE NOT read;
CREATE INDEX idx_notifications_type_sent ON notifications (type, sent_at DESC);
CREATE INDEX idx_notifications_inbox ON notifications (user_id, created_at DESC, id DESC);
CREATE INDEX idx_notifications_due ON notifications (next_attempt_at) WHERE status = 'pending';
"""

FROZEN = """
CREATE FUNCTION notification_frozen() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    RAISE EXCEPTION 'what notification % says, to whom and when, cannot be changed', OLD.id
        USING ERRCODE = 'check_violation', CONSTRAINT = 'trg_notifications_frozen';
END
$$;
CREATE TRIGGER trg_notifications_frozen BEFORE UPDATE ON notifications FOR EACH ROW
    WHEN ((OLD.id, OLD.user_id, OLD.event_id, OLD.type, OLD.message, OLD.data, OLD.created_at)
        IS DISTINCT FROM
        (NEW.id, NEW.user_id, NEW.event_id, NEW.type, NEW.message, NEW.data, NEW.created_at))
    EXECUTE FUNCTION notification_frozen();
"""


class Migration(migrations.Migration):
    """Messages, and what makes them unique."""

    initial = True
    dependencies = [
        ("evently", "0002_schemas"),
        ("accounts", "0001_users"),
    ]
    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL(TABLE, "DROP TABLE notifications")],
            state_operations=[
                migrations.CreateModel(
                    name="Notification",
                    fields=[
                        (
                            "id",
                            models.UUIDField(
                                db_default=evently.database.functions.UuidV7(),
                                default=evently.database.ids.uuid7,
                                editable=False,
                                primary_key=True,
                                serialize=False,
                            ),
                        ),
                        ("event_id", models.UUIDField(blank=True, null=True)),
                        (
                            "type",
                            models.TextField(
                                choices=[
                                    ("welcome", "Welcome"),
                                    ("verify_address", "Verify Address"),
                                    ("account_exists", "Account Exists"),
                                    ("password_reset", "Password Reset"),
                                    ("login_link", "Login Link"),
                                    ("booking_confirm", "Booking confirmed"),
                                    ("cancellation", "Booking cancelled"),
                                    ("waitlist_join", "Joined a waitlist"),
                                    ("waitlist_promotion", "Seats offered"),
                                    ("promotion_ended", "Offer ended"),
                                    ("waitlist_closed", "Waitlist Closed"),
                                    ("event_cancelled", "Event Cancelled"),
                                    ("event_changed", "Event Changed"),
                                    ("notification", "Notification"),
                                ]
                            ),
                        ),
                        ("message", models.TextField()),
                        (
                            "channels",
                            models.JSONField(
                                db_default=models.Value(["in_app", "email"], models.JSONField()),
                                default=notifications.models.all_channels,
                            ),
                        ),
                        (
                            "data",
                            models.JSONField(
                                db_default=models.Value({}, models.JSONField()), default=dict
                            ),
                        ),
                        (
                            "status",
                            models.TextField(
                                choices=[
                                    ("pending", "Pending"),
                                    ("sent", "Sent"),
                                    ("delivered", "Delivered"),
                                    ("failed", "Failed"),
                                ],
                                db_default="pending",
                                default="pending",
                            ),
                        ),
                        (
                            "next_attempt_at",
                            models.DateTimeField(
                                db_default=evently.database.functions.Clock(), editable=False
                            ),
                        ),
                        ("sent_at", models.DateTimeField(blank=True, null=True)),
                        ("delivered_at", models.DateTimeField(blank=True, null=True)),
                        ("read", models.BooleanField(db_default=False, default=False)),
                        (
                            "created_at",
                            models.DateTimeField(
                                db_default=evently.database.functions.Clock(), editable=False
                            ),
                        ),
                        (
                            "user",
                            models.ForeignKey(
                                db_constraint=False,
                                db_index=False,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="notifications",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                    ],
                    options={
                        "db_table": "notifications",
                        "indexes": [
                            models.Index(
                                models.F("user"),
                                models.OrderBy(models.F("created_at"), descending=True),
                                condition=models.Q(("read", False)),
                                name="idx_notifications_user_unread",
                            ),
                            models.Index(
                                models.F("type"),
                                models.OrderBy(models.F("sent_at"), descending=True),
                                name="idx_notifications_type_sent",
                            ),
                            models.Index(
                                models.F("user"),
                                models.OrderBy(models.F("created_at"), descending=True),
                                models.OrderBy(models.F("id"), descending=True),
                                name="idx_notifications_inbox",
                            ),
                            models.Index(
                                condition=models.Q(("status", "pending")),
                                fields=["next_attempt_at"],
                                name="idx_notifications_due",
                            ),
                        ],
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(("type__in", list(TYPES))),
                                name="chk_notification_type",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("status__in", ["pending", "sent", "delivered", "failed"])
                                ),
                                name="chk_notification_status",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("channels__contained_by", ["in_app", "email"])),
                                name="chk_notification_channels",
                            ),
                        ],
                    },
                ),
            ],
        ),
        foreign_key("notifications", "user_id", "users", on_delete="CASCADE"),
        function_and_triggers(FROZEN, functions=("notification_frozen()",)),
        migrations.CreateModel(
            name="MessageKey",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        db_default=evently.database.functions.UuidV7(),
                        default=evently.database.ids.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("key", models.TextField()),
                ("notification_id", models.UUIDField()),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), editable=False
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "db_table": "message_keys",
                "constraints": [
                    models.UniqueConstraint(fields=("user", "key"), name="unq_message_user_key"),
                    models.CheckConstraint(
                        condition=models.Q(("key", ""), _negated=True), name="chk_message_key"
                    ),
                ],
            },
        ),
        foreign_key("message_keys", "user_id", "users", on_delete="CASCADE"),
    ]
