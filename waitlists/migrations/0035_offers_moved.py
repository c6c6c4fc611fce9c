"""Let the end of an offer move once to a later time, where its message came late or not at all."""

from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations, models

from evently.database.versioned import replace_function

KINDS = [
    *("opened", "rules", "capacity", "booked", "cancelled", "joined", "confirmed", "changed"),
    *("override", "left", "offered", "extended", "used", "declined", "lapsed", "reserved"),
    *("closed", "draw", "frozen", "drawn", "void"),
]


class Migration(migrations.Migration):
    dependencies = [("waitlists", "0034_seats_claimed_while_offered")]

    operations = [
        migrations.AddField(
            "promotion", "first_expires_at", models.DateTimeField(editable=False, null=True)
        ),
        migrations.AddField(
            "promotion",
            "moved_reason",
            models.TextField(
                blank=True,
                choices=[
                    ("", "–"),
                    ("late", "The message was handed over late"),
                    ("lost", "The email did not arrive"),
                    ("waiting", "The message was not handed over in time"),
                ],
                db_default="",
                default="",
                editable=False,
            ),
        ),
        migrations.AddField(
            "promotion", "message_lost_at", models.DateTimeField(editable=False, null=True)
        ),
        migrations.AddField(
            "promotion",
            "is_unreached",
            models.BooleanField(db_default=False, default=False, editable=False),
        ),
        AddConstraintNotValid(
            "promotion",
            models.CheckConstraint(
                condition=models.Q(first_expires_at__isnull=True, moved_reason="")
                | models.Q(
                    first_expires_at__isnull=False, moved_reason__in=["late", "lost", "waiting"]
                ),
                name="chk_promotion_moved",
            ),
        ),
        AddConstraintNotValid(
            "promotion",
            models.CheckConstraint(
                condition=models.Q(is_unreached=False) | models.Q(status="expired"),
                name="chk_promotion_unreached",
            ),
        ),
        migrations.RemoveConstraint("lineevent", "chk_line_event_kind"),
        migrations.AlterField(
            "lineevent",
            "kind",
            models.TextField(choices=[(kind, kind.capitalize()) for kind in KINDS]),
        ),
        AddConstraintNotValid(
            "lineevent",
            models.CheckConstraint(condition=models.Q(kind__in=KINDS), name="chk_line_event_kind"),
        ),
        replace_function("waitlists", "offers_moved", version=1, previous=None),
        replace_function("waitlists", "promotions_update", version=5, previous=4),
        replace_function("waitlists", "offers_ended", version=2, previous=1),
        replace_function("waitlists", "ledger_promotions", version=3, previous=2),
    ]
