"""The templates of four more types that come with Evently, as version 1 of each."""

from pathlib import Path

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

SHIPPED = Path(__file__).parents[1] / "shipped"
EVENT = [
    *("siteName", "siteUrl", "accountUrl", "userName"),
    *("eventName", "eventDate", "venue", "eventUrl"),
]
VARIABLES = {
    "reminder": [*EVENT, "holdings", "cancelNote", "buttonText", "buttonUrl"],
    "payment_reminder": [
        *EVENT,
        "quantity",
        "bookingReference",
        "totalAmount",
        "payUntil",
        "paymentNote",
        "bookingUrl",
    ],
    "event_over": [*EVENT, "contactNote"],
    "organizer_message": [
        *EVENT,
        "messageSubject",
        "messageText",
        "replyNote",
        "buttonText",
        "buttonUrl",
    ],
}


def put_in(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Write them; types that have one already stay as they are."""
    templates = apps.get_model("notifications", "EmailTemplate").objects.using(
        schema_editor.connection.alias
    )
    for type_, variables in VARIABLES.items():
        if not templates.filter(template_type=type_).exists():
            templates.create(
                template_type=type_,
                subject_template=_read(type_, ".subject.txt").strip(),
                html_template=_read(type_, ".html"),
                text_template=_read(type_, ".txt"),
                variables=variables,
            )


def take_out(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Delete them: the releases before know no such type."""
    templates = apps.get_model("notifications", "EmailTemplate").objects.using(
        schema_editor.connection.alias
    )
    templates.filter(template_type__in=VARIABLES).delete()


def _read(type_: str, ending: str) -> str:
    return (SHIPPED / f"{type_}{ending}").read_text(encoding="utf-8")


class Migration(migrations.Migration):
    dependencies = [("notifications", "0042_template_types")]
    operations = [migrations.RunPython(put_in, take_out)]
