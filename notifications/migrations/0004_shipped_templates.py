"""The templates that come with Evently, as version 1 of each."""

from django.db import migrations

from notifications.letters.templates import shipped
from notifications.letters.variables import VARIABLES


def put_in(apps, schema_editor):
    """Write the six; types that have one already stay as they are."""
    templates = apps.get_model("notifications", "EmailTemplate").objects.using(
        schema_editor.connection.alias
    )
    for type_, variables in VARIABLES.items():
        if templates.filter(template_type=type_.value).exists():
            continue
        template = shipped(type_)
        templates.create(
            template_type=type_.value,
            subject_template=template.subject,
            html_template=template.html,
            text_template=template.text,
            variables=list(variables),
        )


class Migration(migrations.Migration):
    """Six templates."""

    dependencies = [("notifications", "0003_mail")]
    operations = [migrations.RunPython(put_in, migrations.RunPython.noop)]
