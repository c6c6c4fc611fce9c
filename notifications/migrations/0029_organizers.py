"""Let emails about an event, and what is still to be told about it, bear its organizer."""

from django.db import migrations, models

from evently.database.organizers import organizer_triggers

MODELS = ("announcement", "emaildelivery", "emailresend")


class Migration(migrations.Migration):
    dependencies = [
        ("notifications", "0028_waiting_emails"),
        ("events", "0030_organizers"),
    ]
    operations = [
        *(
            migrations.AddField(model, "organizer_id", models.UUIDField(editable=False, null=True))
            for model in MODELS
        ),
        organizer_triggers("announcements", foreign_key="fk_announcements_event"),
        organizer_triggers("email_delivery_log"),
        organizer_triggers("email_resends"),
    ]
