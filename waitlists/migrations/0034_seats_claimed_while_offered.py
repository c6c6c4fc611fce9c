"""Count all seats that an entry asks for while a smaller offer of it is open."""

from django.db import migrations

from evently.database.versioned import replace_function


class Migration(migrations.Migration):
    dependencies = [("waitlists", "0033_records_indexed")]
    operations = [replace_function("waitlists", "seats_of_person", version=3, previous=2)]
