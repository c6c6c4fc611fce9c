"""Drop the index of bookings by status and time, which no query uses.

It was thought for lists of confirmed or of cancelled bookings by time: those of an event have
`idx_bookings_event`, and those of all events `idx_bookings_recent`.
"""

from django.contrib.postgres.operations import RemoveIndexConcurrently
from django.db import migrations


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("bookings", "0019_book")]
    operations = [
        migrations.RunSQL("SET lock_timeout = '10min'", migrations.RunSQL.noop),
        RemoveIndexConcurrently("booking", "idx_bookings_status_created"),
        migrations.RunSQL("SET lock_timeout = '5s'", migrations.RunSQL.noop),
    ]
