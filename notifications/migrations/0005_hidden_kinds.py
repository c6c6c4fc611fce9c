"""Give two kinds of notification that were hidden inside others a type of their own.

A guest's refused request was an `account_exists` with `refused` in its data, the end of a password
a `password_reset` with `because`; their email writers looked for that. Rows already written
become the new kinds, unless they are pending.
"""

from django.db import migrations, models, transaction

from notifications.migration import allow_kinds

KINDS_BEFORE = (
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
KINDS = (*KINDS_BEFORE, "guest_refused", "password_ended")

# Each with the type that it was hidden in, and the key and value in its data that gave it away.
# The value is for the way back, where the data has no such key; guest_refused always has it.
HIDDEN = (
    ("guest_refused", "account_exists", "refused", ""),
    ("password_ended", "password_reset", "because", "booked_as_guest"),
)
ROWS_PER_TRANSACTION = 1_000

# Pending ones stay: a worker of the older release, still running, could not send a kind it does not
# know. The email writers of the old types send them right.
FIND_HIDDEN = """
    SELECT id, created_at FROM notifications
    WHERE type = %s AND data ? %s AND status <> 'pending'
"""
FIND_OWN = "SELECT id, created_at FROM notifications WHERE type = %s"
CHANGE = """
    UPDATE notifications AS notification
    SET type = %s, data = %s::jsonb || notification.data
    FROM unnest(%s::uuid[], %s::timestamptz[]) AS found(id, created_at)
    WHERE notification.id = found.id AND notification.created_at = found.created_at
"""


def give_own_type(apps, schema_editor):
    for own, hidden_in, key, _ in HIDDEN:
        _change(schema_editor.connection, FIND_HIDDEN, [hidden_in, key], type_=own, data="{}")


def hide_again(apps, schema_editor):
    for own, hidden_in, key, value in HIDDEN:
        data = f'{{"{key}": "{value}"}}'
        _change(schema_editor.connection, FIND_OWN, [own], type_=hidden_in, data=data)


def _change(connection, find, parameters, *, type_, data):
    """Change the type of rows, and add to their data what they lack.

    `trg_notifications_frozen` forbids that, so the owner suspends it. That locks the table and its
    partitions against writing, but not against reading; so the rows are found before, and changed
    in small parts. Other sessions never see the trigger suspended.
    """
    with connection.cursor() as cursor:
        cursor.execute(find, parameters)
        rows = cursor.fetchall()
        for start in range(0, len(rows), ROWS_PER_TRANSACTION):
            some = rows[start : start + ROWS_PER_TRANSACTION]
            ids, times = [id_ for id_, _ in some], [created_at for _, created_at in some]
            with transaction.atomic(using=connection.alias):
                cursor.execute("SET LOCAL lock_timeout = '5s'")
                cursor.execute("ALTER TABLE notifications DISABLE TRIGGER trg_notifications_frozen")
                cursor.execute(CHANGE, [type_, data, ids, times])
                cursor.execute("ALTER TABLE notifications ENABLE TRIGGER trg_notifications_frozen")


class Migration(migrations.Migration):
    # Each step commits by itself, so that no lock outlasts it; each may be run again.
    atomic = False

    dependencies = [("notifications", "0004_shipped_templates")]
    operations = [
        # From here on the registry of kinds says which types there are, so Django's state does
        # not; in the database the constraint stays.
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.RemoveConstraint("notification", "chk_notification_type"),
                migrations.AlterField("notification", "type", models.TextField()),
            ]
        ),
        *allow_kinds(KINDS, before=KINDS_BEFORE),
        migrations.RunPython(give_own_type, hide_again),
    ]
