"""Tell whether an event takes place online, and how to reach its organizer."""

import django.core.validators
from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("events", "0014_search_without_jit")]
    operations = [
        migrations.AddField(
            "event",
            "is_online",
            models.BooleanField(
                db_default=False,
                default=False,
                help_text="It takes place online only.",
                verbose_name="online",
            ),
        ),
        migrations.AddField(
            "event",
            "contact_email",
            models.CharField(blank=True, db_default="", default="", max_length=254),
        ),
        migrations.AddField(
            "event",
            "contact_url",
            models.CharField(
                blank=True,
                db_default="",
                default="",
                max_length=500,
                validators=[django.core.validators.URLValidator(schemes=["http", "https"])],
            ),
        ),
        migrations.AddField(
            "event",
            "shows_organizer_email",
            models.BooleanField(
                db_default=False, default=False, verbose_name="show my own email address"
            ),
        ),
        AddConstraintNotValid(
            "event",
            models.CheckConstraint(
                name="chk_event_contact_email",
                condition=Q(contact_email="")
                | Q(contact_email__regex=r"^[^@[:space:]]+@[^@[:space:]]+$"),
            ),
        ),
        AddConstraintNotValid(
            "event",
            models.CheckConstraint(
                name="chk_event_contact_url",
                condition=Q(contact_url="") | Q(contact_url__regex=r"^https?://[^[:space:]]+$"),
            ),
        ),
    ]
