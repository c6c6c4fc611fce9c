"""Note what comes back of emails, and which addresses get none because of it."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import evently.database.functions
import evently.database.ids
import evently.privacy.sealing
from evently.audit.migration import audited
from evently.database.organizers import organizer_triggers
from evently.database.sql import foreign_key
from evently.database.versioned import replace_function
from evently.lifecycle.migration import deleted_after

TRIGGERS = """
CREATE TRIGGER trg_return_kept BEFORE UPDATE ON email_returns FOR EACH ROW
    WHEN ((OLD.id, OLD.delivery_id, OLD.user_id, OLD.event_id, OLD.outcome, OLD.reason, OLD.code,
            OLD.is_permanent, OLD.is_proven, OLD.source, OLD.digest, OLD.address_digest,
            OLD.occurred_at, OLD.created_at)
            IS DISTINCT FROM
          (NEW.id, NEW.delivery_id, NEW.user_id, NEW.event_id, NEW.outcome, NEW.reason, NEW.code,
            NEW.is_permanent, NEW.is_proven, NEW.source, NEW.digest, NEW.address_digest,
            NEW.occurred_at, NEW.created_at)
        OR OLD.applied_at IS NOT NULL AND NEW.applied_at IS DISTINCT FROM OLD.applied_at)
    EXECUTE FUNCTION evently_return_kept();
CREATE TRIGGER trg_suppression_kept BEFORE UPDATE ON suppressions FOR EACH ROW
    WHEN ((OLD.id, OLD.user_id, OLD.address, OLD.reason, OLD.return_id, OLD.created_at)
            IS DISTINCT FROM
          (NEW.id, NEW.user_id, NEW.address, NEW.reason, NEW.return_id, NEW.created_at)
        OR OLD.released_at IS NOT NULL AND (
            (OLD.released_at, OLD.release) IS DISTINCT FROM (NEW.released_at, NEW.release)
            OR NEW.released_by_id IS DISTINCT FROM OLD.released_by_id
                AND NEW.released_by_id IS NOT NULL))
    EXECUTE FUNCTION evently_suppression_kept();
CREATE TRIGGER trg_suppression_released BEFORE UPDATE ON suppressions FOR EACH ROW
    WHEN (OLD.released_at IS NULL AND NEW.release = 'person')
    EXECUTE FUNCTION evently_suppression_released();
"""
NO_TRIGGERS = """
DROP TRIGGER trg_suppression_released ON suppressions;
DROP TRIGGER trg_suppression_kept ON suppressions;
DROP TRIGGER trg_return_kept ON email_returns;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("notifications", "0039_index_provider_messages"),
        ("lifecycle", "0001_initial"),
        ("events", "0030_organizers"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="EmailReturn",
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
                ("delivery_id", models.UUIDField()),
                ("event_id", models.UUIDField(blank=True, null=True)),
                ("organizer_id", models.UUIDField(editable=False, null=True)),
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
                ("is_proven", models.BooleanField(db_default=False, default=False)),
                ("source", models.TextField()),
                ("digest", models.TextField(editable=False)),
                (
                    "address_digest",
                    models.TextField(blank=True, db_default="", default="", editable=False),
                ),
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
                ("applied_at", models.DateTimeField(blank=True, editable=False, null=True)),
                (
                    "user",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "db_table": "email_returns",
                "indexes": [
                    models.Index(fields=["delivery_id", "created_at"], name="idx_returns_delivery"),
                    models.Index(fields=["user"], name="idx_returns_user"),
                    models.Index(
                        fields=["address_digest", "created_at"], name="idx_returns_address"
                    ),
                    models.Index(
                        condition=models.Q(("applied_at__isnull", True)),
                        fields=["created_at"],
                        name="idx_returns_unapplied",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("digest",), name="unq_return_digest"),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("outcome__in", ["delivered", "deferred", "bounced", "complained"])
                        ),
                        name="chk_return_outcome",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
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
                            )
                        ),
                        name="chk_return_reason",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("code__regex", "^([245]\\.\\d{1,3}\\.\\d{1,3})?$")),
                        name="chk_return_code",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("source__regex", "^[a-z_]{1,30}$")),
                        name="chk_return_source",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("digest__regex", "^[0-9a-f]{64}$"),
                            models.Q(
                                ("address_digest", ""),
                                ("address_digest__regex", "^[0-9a-f]{64}$"),
                                _connector="OR",
                            ),
                        ),
                        name="chk_return_digests",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("is_permanent", False),
                            ("outcome__in", ["bounced", "complained"]),
                            _connector="OR",
                        ),
                        name="chk_return_permanent",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Suppression",
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
                ("address_digest", models.TextField(editable=False)),
                (
                    "address",
                    evently.privacy.sealing.SealedField(
                        editable=False, verbose_name="email address"
                    ),
                ),
                (
                    "reason",
                    models.TextField(
                        choices=[
                            ("hard_bounce", "The address does not exist"),
                            ("complaint", "Reported as spam"),
                            ("soft_bounces", "Emails kept coming back"),
                        ]
                    ),
                ),
                ("return_id", models.UUIDField(blank=True, null=True)),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=evently.database.functions.Clock(), editable=False
                    ),
                ),
                ("released_at", models.DateTimeField(blank=True, null=True)),
                (
                    "release",
                    models.TextField(
                        blank=True,
                        choices=[
                            ("", "–"),
                            ("person", "The person"),
                            ("admin", "An administrator"),
                            ("delivered", "An email that arrived"),
                        ],
                        db_default="",
                        default="",
                    ),
                ),
                (
                    "released_by",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="suppressions",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "suppressed address",
                "verbose_name_plural": "suppressed addresses",
                "db_table": "suppressions",
                "indexes": [
                    models.Index(fields=["user", "created_at"], name="idx_suppressions_user"),
                    models.Index(fields=["address_digest"], name="idx_suppressions_address"),
                    models.Index(
                        condition=models.Q(("released_by__isnull", False)),
                        fields=["released_by"],
                        name="idx_suppressions_by",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("released_at__isnull", True)),
                        fields=("address_digest", "reason"),
                        name="unq_suppression_open",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("reason__in", ["hard_bounce", "complaint", "soft_bounces"])
                        ),
                        name="chk_suppression_reason",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("address_digest__regex", "^[0-9a-f]{64}$")),
                        name="chk_suppression_digest",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("address__regex", "^sealed:v1:[A-Za-z0-9_-]{38,}$")),
                        name="chk_suppression_sealed",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("release", ""),
                                ("released_at__isnull", True),
                                ("released_by__isnull", True),
                            ),
                            models.Q(
                                ("release__in", ["person", "admin", "delivered"]),
                                ("released_at__gte", models.F("created_at")),
                                ("released_at__isnull", False),
                            ),
                            _connector="OR",
                        ),
                        name="chk_suppression_release",
                    ),
                ],
            },
        ),
        foreign_key("email_returns", "user_id", "users", on_delete="CASCADE"),
        foreign_key("suppressions", "user_id", "users", on_delete="CASCADE"),
        foreign_key("suppressions", "released_by_id", "users", on_delete="SET NULL"),
        organizer_triggers("email_returns"),
        replace_function("notifications", "return_kept", version=1, previous=None),
        replace_function("notifications", "suppression_kept", version=1, previous=None),
        replace_function("notifications", "suppression_released", version=1, previous=None),
        migrations.RunSQL(TRIGGERS, NO_TRIGGERS),
        *audited(
            "email_returns",
            redact=["digest", "address_digest"],
            actions=["insert"],
            unsigned_only=True,
        ),
        *audited("email_returns", redact=["digest", "address_digest"], actions=["delete"]),
        *audited("suppressions", redact=["address_digest"]),
        deleted_after("1 year", "email_returns", at="created_at"),
        deleted_after("1 year", "suppressions", at="released_at"),
    ]
