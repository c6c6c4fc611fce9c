"""Let booking attempts expire, and archived bookings go to cold storage."""

from django.db import migrations

from evently.lifecycle.migration import deleted_after, to_cold_after


class Migration(migrations.Migration):
    dependencies = [("bookings", "0026_archive_indexed")]
    operations = [
        # None has been archived before, unless by hand.
        migrations.RunSQL(
            "UPDATE bookings_archive SET ended_at = coalesce(e.ends_at, e.event_date)"
            " FROM events e WHERE e.id = event_id AND ended_at IS NULL",
            migrations.RunSQL.noop,
        ),
        deleted_after("90 days", "booking_attempts", at="attempted_at", order="attempted_at"),
        to_cold_after(
            "2 years", "bookings_archive", at="ended_at", order="ended_at", restorable=True
        ),
    ]
