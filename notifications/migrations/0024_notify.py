"""Write messages by a function, which other functions can call in the same statement."""

from django.db import migrations

from evently.database.versioned import replace_function


class Migration(migrations.Migration):
    dependencies = [("notifications", "0023_draw_kinds")]
    operations = [replace_function("notifications", "notify", version=1, previous=None)]
