"""Hand tickets over by email: accepted, they are new tickets that bear the recipient's name."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.models import Q

import evently.database.functions
import evently.database.ids
import evently.privacy.sealing
from evently.audit.migration import audited
from evently.database.sql import foreign_key
from evently.database.versioned import replace_function

STATUSES = ["open", "accepted", "withdrawn"]
TRIGGERS = """
CREATE TRIGGER trg_transfer_insert BEFORE INSERT ON ticket_transfers
    FOR EACH ROW EXECUTE FUNCTION evently_transfer_insert();
CREATE TRIGGER trg_transfer_update BEFORE UPDATE ON ticket_transfers
    FOR EACH ROW EXECUTE FUNCTION evently_transfer_update();
CREATE CONSTRAINT TRIGGER trg_ticket_handed AFTER INSERT ON tickets
    DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (NEW.holder_id IS NOT NULL) EXECUTE FUNCTION evently_ticket_handed();
"""
NO_TRIGGERS = """
DROP TRIGGER trg_ticket_handed ON tickets;
DROP TRIGGER trg_transfer_update ON ticket_transfers;
DROP TRIGGER trg_transfer_insert ON ticket_transfers;
"""


def reference(to: str, *, name: str = "+", optional: bool = False) -> models.ForeignKey:
    """Return a column that refers to another table."""
    return models.ForeignKey(
        blank=optional,
        db_constraint=False,
        db_index=False,
        null=optional,
        on_delete=django.db.models.deletion.DO_NOTHING,
        related_name=name,
        to=to,
    )


def sealed() -> models.Field:
    return evently.privacy.sealing.SealedField(blank=True, editable=False, null=True)


class Migration(migrations.Migration):
    dependencies = [
        ("bookings", "0013_ticket_holders_checked"),
        ("audit", "0003_signed_changes"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]
    operations = [
        migrations.CreateModel(
            name="TicketTransfer",
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
                ("recipient_name", sealed()),
                ("recipient_email", sealed()),
                (
                    "status",
                    models.TextField(
                        choices=[(status, status.capitalize()) for status in STATUSES],
                        db_default="open",
                        default="open",
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=evently.database.functions.Clock(), editable=False
                    ),
                ),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
                ("booking", reference("bookings.booking", name="transfers")),
                ("event", reference("events.event")),
                ("ticket", reference("bookings.ticket", name="transfers")),
                ("user", reference(settings.AUTH_USER_MODEL)),
                ("recipient", reference(settings.AUTH_USER_MODEL, optional=True)),
                ("new_ticket", reference("bookings.ticket", optional=True)),
            ],
            options={
                "db_table": "ticket_transfers",
                "constraints": [
                    models.UniqueConstraint(
                        fields=["ticket", "event"],
                        name="unq_transfer_open",
                        condition=Q(status="open"),
                    ),
                    models.UniqueConstraint(
                        fields=["new_ticket", "event"],
                        name="unq_transfer_ticket",
                        condition=Q(new_ticket__isnull=False),
                    ),
                    models.CheckConstraint(
                        name="chk_transfer_status", condition=Q(status__in=STATUSES)
                    ),
                    models.CheckConstraint(
                        name="chk_transfer_sealed",
                        condition=(
                            Q(recipient_name__isnull=True)
                            | Q(recipient_name__startswith="sealed:v1:")
                        )
                        & (
                            Q(recipient_email__isnull=True)
                            | Q(recipient_email__startswith="sealed:v1:")
                        ),
                    ),
                    models.CheckConstraint(
                        name="chk_transfer_accepted",
                        condition=Q(
                            status="accepted",
                            recipient__isnull=False,
                            new_ticket__isnull=False,
                        )
                        | (
                            ~Q(status="accepted")
                            & Q(recipient__isnull=True, new_ticket__isnull=True)
                        ),
                    ),
                ],
                "indexes": [
                    models.Index(fields=["event", "booking"], name="idx_transfers_booking"),
                    models.Index(fields=["user"], name="idx_transfers_user"),
                    models.Index(
                        fields=["recipient"],
                        name="idx_transfers_recipient",
                        condition=Q(recipient__isnull=False),
                    ),
                ],
            },
        ),
        foreign_key("ticket_transfers", "event_id", "events", on_delete="CASCADE"),
        foreign_key("ticket_transfers", "ticket_id", "tickets", on_delete="CASCADE"),
        replace_function("bookings", "transfer_insert", version=1, previous=None),
        replace_function("bookings", "transfer_update", version=1, previous=None),
        replace_function("bookings", "ticket_handed", version=1, previous=None),
        migrations.RunSQL(TRIGGERS, NO_TRIGGERS),
        *audited("ticket_transfers"),
    ]
