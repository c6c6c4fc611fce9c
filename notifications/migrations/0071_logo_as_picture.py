"""Let the emails about an event show its organizer's logo."""

from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations, models

PICTURES = ["", "none", "drawing", "logo"]


class Migration(migrations.Migration):
    dependencies = [("notifications", "0070_event_logos")]

    operations = [
        migrations.AlterField(
            model_name="eventemail",
            name="picture",
            field=models.TextField(
                blank=True,
                choices=[
                    ("", "As in all emails"),
                    ("none", "No picture"),
                    ("drawing", "The event's drawing"),
                    ("logo", "Your logo"),
                ],
                db_default="",
                default="",
            ),
        ),
        migrations.RemoveConstraint("eventemail", "chk_event_email_picture"),
        AddConstraintNotValid(
            model_name="eventemail",
            constraint=models.CheckConstraint(
                condition=models.Q(("picture__in", PICTURES)), name="chk_event_email_picture"
            ),
        ),
        # The former constraint knows no logo.
        migrations.RunSQL(
            migrations.RunSQL.noop,
            "UPDATE event_emails SET picture = '' WHERE picture = 'logo'",
        ),
    ]
