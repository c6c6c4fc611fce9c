"""Logos of the emails about one event, as their organizers upload them."""

import django.db.models.deletion
import django.db.models.functions.text
import django.db.models.lookups
from django.db import migrations, models

import evently.database.functions
import evently.database.ids
from evently.audit.migration import audited
from evently.database.organizers import organizer_triggers
from evently.database.sql import foreign_key


def _begins(content_type: str, signature: bytes) -> models.Q:
    start = django.db.models.functions.text.Substr(
        "content", 1, len(signature), output_field=models.BinaryField()
    )
    return models.Q(
        ("content_type", content_type),
        django.db.models.lookups.Exact(start, models.Value(signature)),
    )


class Migration(migrations.Migration):
    dependencies = [
        ("events", "0047_organizer_of_drafts"),
        ("notifications", "0069_cover_failed_emails"),
    ]

    operations = [
        migrations.CreateModel(
            name="EventLogo",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        db_default=evently.database.functions.UuidV7(),
                        default=evently.database.ids.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("organizer_id", models.UUIDField(editable=False)),
                ("content", models.BinaryField()),
                ("content_type", models.TextField()),
                ("width", models.IntegerField()),
                ("height", models.IntegerField()),
                ("digest", models.BinaryField()),
                ("version", models.IntegerField(db_default=1, default=1)),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=evently.database.functions.Clock(), editable=False
                    ),
                ),
                (
                    "event",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="email_logos",
                        to="events.event",
                    ),
                ),
            ],
            options={
                "verbose_name": "logo of an event's emails",
                "verbose_name_plural": "logos of an event's emails",
                "db_table": "event_logos",
                "constraints": [
                    models.UniqueConstraint(fields=("event",), name="unq_event_logo"),
                    models.CheckConstraint(
                        condition=models.Q(
                            django.db.models.lookups.LessThanOrEqual(
                                django.db.models.functions.text.Length("content"), 30000
                            )
                        ),
                        name="chk_event_logo_bytes",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            _begins("image/png", b"\x89PNG\r\n\x1a\n"),
                            _begins("image/jpeg", b"\xff\xd8\xff"),
                            _connector="OR",
                        ),
                        name="chk_event_logo_type",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("height__range", (1, 320)), ("width__range", (1, 1000))
                        ),
                        name="chk_event_logo_size",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "digest",
                                models.Func(
                                    models.F("content"),
                                    function="sha256",
                                    output_field=models.BinaryField(),
                                ),
                            )
                        ),
                        name="chk_event_logo_digest",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("version__gte", 1)), name="chk_event_logo_version"
                    ),
                ],
            },
        ),
        foreign_key("event_logos", "event_id", "events", on_delete="CASCADE"),
        organizer_triggers("event_logos", foreign_key="fk_event_logos_event"),
        # The trail says that it was replaced, and the digest by what; it does not grow by files.
        *audited("event_logos", redact=["content"]),
    ]
