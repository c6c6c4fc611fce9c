"""Fill in event and kind of the emails that are in the delivery log."""

from django.db import migrations, transaction

ROWS_PER_TRANSACTION = 1_000
LOWEST = "00000000-0000-0000-0000-000000000000"

# The notification may be gone; then the template tells the kind of all but `notification`.
FILL = """
    WITH batch AS (
        SELECT id, notification_id, user_id FROM email_delivery_log
        WHERE id > %s ORDER BY id LIMIT %s
    ), filled AS (
        UPDATE email_delivery_log AS log
        SET event_id = coalesce(log.event_id, (log.metadata ->> 'eventId')::uuid),
            kind = coalesce(
                (SELECT type FROM notifications AS n
                 WHERE n.id = batch.notification_id AND n.user_id = batch.user_id LIMIT 1),
                nullif(log.template_type, 'notification'), '')
        FROM batch WHERE log.id = batch.id AND log.kind = ''
    )
    SELECT id FROM batch ORDER BY id DESC LIMIT 1
"""


def fill(apps, schema_editor):
    connection, after = schema_editor.connection, LOWEST
    while after is not None:
        with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
            cursor.execute(FILL, [after, ROWS_PER_TRANSACTION])
            row = cursor.fetchone()
        after = row[0] if row else None


class Migration(migrations.Migration):
    # Each batch commits by itself; it may be run again.
    atomic = False

    dependencies = [("notifications", "0014_emails_of_events")]
    operations = [migrations.RunPython(fill, migrations.RunPython.noop, elidable=False)]
