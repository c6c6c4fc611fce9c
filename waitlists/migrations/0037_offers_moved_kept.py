"""Say what to do where a migration is to be undone that moved offers cannot do without."""

from django.apps.registry import Apps
from django.core.management.base import CommandError
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

MESSAGE = (
    "waitlists.0035 cannot be undone: ends of offers were moved, and the public records say so. "
    "Nothing was changed. Keep this schema: the release before runs on it (docs/operating.md, "
    "Roll back)."
)


def refuse_where_offers_were_moved(apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
    records = apps.get_model("waitlists", "LineEvent").objects.using(editor.connection.alias)
    if records.filter(kind="extended").exists():
        raise CommandError(MESSAGE)


class Migration(migrations.Migration):
    dependencies = [("waitlists", "0036_offers_moved_checked")]
    operations = [migrations.RunPython(migrations.RunPython.noop, refuse_where_offers_were_moved)]
