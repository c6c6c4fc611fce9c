"""Refuse rows without an organizer or a user."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from evently.database.organizers import never_null

TABLES = {
    "booking": "bookings",
    "ticket": "tickets",
    "bookingattempt": "booking_attempts",
    "payment": "payments",
    "attendancecheck": "attendance_checks",
    "tickettransfer": "ticket_transfers",
    "archivedbooking": "bookings_archive",
}
WITH_USER = ("ticket", "payment", "attendancecheck")


def user():
    return models.ForeignKey(
        db_constraint=False,
        db_index=False,
        editable=False,
        on_delete=django.db.models.deletion.DO_NOTHING,
        related_name="+",
        to=settings.AUTH_USER_MODEL,
    )


class Migration(migrations.Migration):
    dependencies = [
        ("bookings", "0023_fill_organizers"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]
    operations = [
        *never_null(
            [
                *(
                    (model, table, "organizer_id", models.UUIDField(editable=False))
                    for model, table in TABLES.items()
                ),
                *((model, TABLES[model], "user", user()) for model in WITH_USER),
            ]
        ),
    ]
