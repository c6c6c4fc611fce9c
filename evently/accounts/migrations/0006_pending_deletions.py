"""Let the deletion of an account wait before it is carried out, and give it a scope of its own.

The scope `delete_account` is only in tokens of at most an hour. While a deletion is pending, the
database refuses new bookings and waitlist entries (`trg_deletion_pending`).
"""

from datetime import timedelta

import django.contrib.postgres.fields
from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations, models

from evently.database.versioned import replace_function

SCOPES = [
    ("read", "Read"),
    ("book", "Book and join waitlists"),
    ("organize", "Organize events"),
    ("delete_account", "Delete the account"),
]


class Migration(migrations.Migration):
    dependencies = [("accounts", "0005_labels")]
    operations = [
        *(
            migrations.AddField(
                model_name="user",
                name=name,
                field=models.DateTimeField(blank=True, editable=False, null=True),
            )
            for name in ("deletion_requested_at", "deletion_due_at", "deletion_started_at")
        ),
        AddConstraintNotValid(
            "user",
            models.CheckConstraint(
                condition=models.Q(
                    deletion_due_at__isnull=True,
                    deletion_requested_at__isnull=True,
                    deletion_started_at__isnull=True,
                )
                | models.Q(
                    deleted_at__isnull=True,
                    deletion_due_at__gte=models.F("deletion_requested_at"),
                    deletion_due_at__isnull=False,
                    deletion_requested_at__isnull=False,
                ),
                name="chk_user_deletion",
            ),
        ),
        migrations.AlterField(
            model_name="apitoken",
            name="scopes",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.TextField(choices=SCOPES), size=None
            ),
        ),
        migrations.RemoveConstraint(model_name="apitoken", name="chk_token_scopes"),
        AddConstraintNotValid(
            "apitoken",
            models.CheckConstraint(
                condition=models.Q(
                    scopes__contained_by=[scope for scope, _ in SCOPES], scopes__len__gt=0
                ),
                name="chk_token_scopes",
            ),
        ),
        AddConstraintNotValid(
            "apitoken",
            models.CheckConstraint(
                condition=~models.Q(scopes__contains=["delete_account"])
                | models.Q(
                    expires_at__lte=models.F("created_at") + models.Value(timedelta(hours=1))
                ),
                name="chk_token_deletion_short",
            ),
        ),
        replace_function("accounts", "user_versioned", version=2, previous=1),
        replace_function("accounts", "person_is_here", version=2, previous=1),
    ]
