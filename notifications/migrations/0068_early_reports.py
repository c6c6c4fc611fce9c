"""Keep reports of email services for a while that come before the email has its id."""

from django.db import migrations, models

import evently.database.functions
import evently.database.ids


class Migration(migrations.Migration):
    dependencies = [
        ("notifications", "0067_index_waiting_of_events"),
    ]

    operations = [
        migrations.CreateModel(
            name="EarlyReport",
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
                ("message_id", models.TextField()),
                ("recipient_digest", models.TextField(blank=True, db_default="", default="")),
                (
                    "outcome",
                    models.TextField(
                        choices=[
                            ("delivered", "Delivered"),
                            ("deferred", "Deferred"),
                            ("bounced", "Bounced"),
                            ("complained", "Reported as spam"),
                        ]
                    ),
                ),
                (
                    "reason",
                    models.TextField(
                        blank=True,
                        choices=[
                            ("", "–"),
                            ("no_mailbox", "There is no such mailbox"),
                            ("no_domain", "The part after the @ takes no email"),
                            ("disabled", "The mailbox is closed"),
                            ("full", "The mailbox is full"),
                            ("too_large", "The email is too large"),
                            ("blocked", "The mail server blocks emails of this site"),
                            ("expired", "The mail server could not be reached for days"),
                            ("spam", "The recipient reported it as spam"),
                            ("other", "No reason that is known"),
                        ],
                        db_default="",
                        default="",
                    ),
                ),
                ("code", models.TextField(blank=True, db_default="", default="")),
                ("is_permanent", models.BooleanField(db_default=False, default=False)),
                ("source", models.TextField()),
                ("digest", models.TextField()),
                (
                    "occurred_at",
                    models.DateTimeField(db_default=evently.database.functions.Clock()),
                ),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=evently.database.functions.Clock(), editable=False
                    ),
                ),
            ],
            options={
                "db_table": "early_reports",
                "constraints": [
                    models.UniqueConstraint(fields=("digest",), name="unq_early_report_digest"),
                    models.CheckConstraint(
                        condition=models.Q(("message_id__regex", "^[!-~]{1,200}$")),
                        name="chk_early_report_message",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("outcome__in", ["delivered", "deferred", "bounced", "complained"]),
                            (
                                "reason__in",
                                [
                                    "",
                                    "no_mailbox",
                                    "no_domain",
                                    "disabled",
                                    "full",
                                    "too_large",
                                    "blocked",
                                    "expired",
                                    "spam",
                                    "other",
                                ],
                            ),
                            ("code__regex", "^([245]\\.\\d{1,3}\\.\\d{1,3})?$"),
                            models.Q(
                                ("is_permanent", False),
                                ("outcome__in", ["bounced", "complained"]),
                                _connector="OR",
                            ),
                        ),
                        name="chk_early_report_verdict",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("source__regex", "^[a-z_]{1,30}$")),
                        name="chk_early_report_source",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("digest__regex", "^[0-9a-f]{64}$"),
                            models.Q(
                                ("recipient_digest", ""),
                                ("recipient_digest__regex", "^[0-9a-f]{64}$"),
                                _connector="OR",
                            ),
                        ),
                        name="chk_early_report_digests",
                    ),
                ],
            },
        ),
    ]
