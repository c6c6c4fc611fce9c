"""Let tickets bear a name that stays, sealed under the key of the person it is of."""

import django.db.models.deletion
from django.conf import settings
from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations, models
from django.db.models import Q

from evently.database.versioned import replace_function


class Migration(migrations.Migration):
    dependencies = [
        ("bookings", "0011_cancelled_by_checked"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]
    operations = [
        migrations.AddField(
            "ticket",
            "holder",
            models.ForeignKey(
                blank=True,
                db_constraint=False,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        AddConstraintNotValid(
            "ticket",
            models.CheckConstraint(
                name="chk_ticket_holder",
                condition=Q(holder__isnull=True) | Q(holder_name__isnull=False),
            ),
        ),
        replace_function("bookings", "tickets_update", version=2, previous=1),
    ]
