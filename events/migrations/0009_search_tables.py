"""What the search looks up: words of events by field, and all words for typing errors."""

import django.contrib.postgres.indexes
import django.contrib.postgres.search
import django.db.models.deletion
from django.contrib.postgres.operations import TrigramExtension
from django.db import migrations, models

from evently.database.sql import foreign_key
from evently.database.versioned import replace_function


def new(name: str) -> migrations.RunSQL:
    return replace_function("events", name, version=1, previous=None)


class Migration(migrations.Migration):
    dependencies = [("events", "0008_local_days_index")]

    operations = [
        TrigramExtension(),
        new("search_fold"),
        new("search_tokens"),
        new("search_name"),
        new("search_stem"),
        new("search_shape"),
        new("search_vector"),
        migrations.CreateModel(
            name="EventWords",
            fields=[
                (
                    "event",
                    models.OneToOneField(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        primary_key=True,
                        related_name="words",
                        serialize=False,
                        to="events.event",
                    ),
                ),
                ("vector", django.contrib.postgres.search.SearchVectorField()),
            ],
            options={"db_table": "event_words"},
        ),
        migrations.CreateModel(
            name="SearchWord",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("word", models.TextField()),
                ("shape", models.TextField()),
            ],
            options={
                "db_table": "search_words",
                "indexes": [
                    models.Index(fields=["word"], name="idx_search_words_word"),
                    django.contrib.postgres.indexes.GinIndex(
                        django.contrib.postgres.indexes.OpClass(models.F("shape"), "gin_trgm_ops"),
                        fastupdate=False,
                        name="idx_search_words_shape",
                    ),
                ],
            },
        ),
        new("search_remember"),
        new("events_searched"),
        foreign_key("event_words", "event_id", "events", on_delete="CASCADE"),
        migrations.RunSQL(
            "CREATE TRIGGER trg_events_searched"
            " AFTER INSERT OR UPDATE OF name, venue, description ON events"
            " FOR EACH ROW EXECUTE FUNCTION evently_events_searched()",
            "DROP TRIGGER trg_events_searched ON events",
        ),
    ]
