"""Let entries, offers and draws bear the organizer of their event."""

from django.db import migrations, models

from evently.database.organizers import organizer_triggers
from evently.database.versioned import replace_function

MODELS = ("waitlistentry", "promotion", "draw")


class Migration(migrations.Migration):
    dependencies = [
        ("waitlists", "0023_sale_refusal"),
        ("events", "0030_organizers"),
    ]
    operations = [
        *(
            migrations.AddField(model, "organizer_id", models.UUIDField(editable=False, null=True))
            for model in MODELS
        ),
        replace_function("waitlists", "waitlists_join", version=6, previous=5),
        replace_function("waitlists", "promotions_insert", version=4, previous=3),
        organizer_triggers("waitlists", sets=False),
        organizer_triggers("waitlist_promotions", sets=False),
        organizer_triggers("draws"),
    ]
