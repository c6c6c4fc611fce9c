"""Keep what versions of email templates are about, and bound what they hold."""

from django.db import migrations, models
from django.db.models import F, Q
from django.db.models.functions import Length
from django.db.models.lookups import LessThanOrEqual

COLUMNS = (
    "id, template_type, subject_template, html_template, text_template, variables, version,"
    " created_at"
)
TRIGGER = """
CREATE TRIGGER trg_template_frozen BEFORE UPDATE ON email_templates FOR EACH ROW
    WHEN (({old}) IS DISTINCT FROM ({new}))
    EXECUTE FUNCTION template_frozen();
"""


def _frozen(columns: str) -> str:
    names = columns.split(", ")
    return "DROP TRIGGER trg_template_frozen ON email_templates;" + TRIGGER.format(
        old=", ".join(f"OLD.{name}" for name in names),
        new=", ".join(f"NEW.{name}" for name in names),
    )


class Migration(migrations.Migration):
    dependencies = [
        ("notifications", "0049_preferences_kept"),
    ]

    operations = [
        migrations.AddField(
            "emailtemplate", "note", models.TextField(blank=True, db_default="", default="")
        ),
        migrations.AddField(
            "emailtemplate", "restored_from", models.PositiveIntegerField(blank=True, null=True)
        ),
        migrations.AddField(
            "emailtemplate",
            "failed_at",
            models.DateTimeField(blank=True, editable=False, null=True),
        ),
        migrations.AddField(
            "emailtemplate",
            "failure",
            models.TextField(blank=True, db_default="", default="", editable=False),
        ),
        migrations.AddConstraint(
            "emailtemplate",
            models.CheckConstraint(
                name="chk_template_subject",
                condition=Q(subject_template__regex=r"^[^[:cntrl:]]{1,200}$"),
            ),
        ),
        migrations.AddConstraint(
            "emailtemplate",
            models.CheckConstraint(
                name="chk_template_size",
                condition=Q(
                    LessThanOrEqual(Length("html_template"), 50_000),
                    LessThanOrEqual(Length("text_template"), 20_000),
                ),
            ),
        ),
        migrations.AddConstraint(
            "emailtemplate",
            models.CheckConstraint(
                name="chk_template_note", condition=Q(note__regex=r"^[^[:cntrl:]]{0,200}$")
            ),
        ),
        migrations.AddConstraint(
            "emailtemplate",
            models.CheckConstraint(
                name="chk_template_restored",
                condition=Q(restored_from__isnull=True)
                | Q(restored_from__gte=1, restored_from__lt=F("version")),
            ),
        ),
        migrations.AddConstraint(
            "emailtemplate",
            models.CheckConstraint(
                name="chk_template_failed",
                condition=Q(failed_at__isnull=True, failure="")
                | Q(failed_at__isnull=False, failure__regex=r"^[a-z_]{1,60}$"),
            ),
        ),
        migrations.RunSQL(_frozen(f"{COLUMNS}, note, restored_from"), _frozen(COLUMNS)),
    ]
