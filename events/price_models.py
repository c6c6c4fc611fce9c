"""The history of an event's price."""

from uuid import UUID

from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import F, Q

from evently.database.functions import Clock
from evently.database.models import Organized
from evently.database.money import MoneyField

# How a rule signs its changes (`PriceRule.name`).
RULE = "price rule"


class ChangedBy(models.TextChoices):
    """What moved a price, as everyone may know it, in words that follow the change."""

    RULE = "rule", "by the price rule"
    ORGANIZER = "organizer", "by the organizer"
    OPERATOR = "operator", "by the operator of this site"


class PriceChange(Organized):
    """One change of an event's current price, written by the database. Append-only."""

    event = models.ForeignKey(
        "events.Event",
        on_delete=models.DO_NOTHING,
        related_name="price_changes",
        db_constraint=False,
        db_index=False,
    )
    old_price = MoneyField()
    new_price = MoneyField()
    # Between which a rule moved the price from then on; None where none did, and in old rows.
    price_floor = MoneyField(null=True)
    price_ceiling = MoneyField(null=True)
    reason = models.TextField(db_default="")
    applied_by = models.TextField()
    applied_at = models.DateTimeField(db_default=Clock())
    # As in the audit log: without a signature, the database role may have claimed any name.
    signed = models.BooleanField(null=True, editable=False)
    db_role = models.TextField(db_default="", editable=False)

    class Meta:
        db_table = "pricing_history"
        constraints = [
            models.CheckConstraint(
                name="chk_price_change",
                condition=Q(old_price__gte=0, new_price__gte=0) & ~Q(old_price=F("new_price")),
            )
        ]
        indexes = [
            models.Index(F("event"), F("applied_at").desc(), name="idx_pricing_event_applied"),
            BrinIndex(fields=["applied_at"], name="idx_pricing_applied", autosummarize=True),
        ]

    @property
    def changed_by(self) -> ChangedBy:
        """What moved the price, without saying who: one of those who manage the event, or a rule.

        What was changed in the database, and what it claims there without a signature, is the
        operator's.
        """
        if self.signed is not False:
            if self.applied_by.startswith(RULE):
                return ChangedBy.RULE
            if _is_user(self.applied_by):
                return ChangedBy.ORGANIZER
        return ChangedBy.OPERATOR


class PriceBounds(Organized):
    """Between which prices a rule moved an event's price from a time on, written by the database.

    floor, ceiling: None from when no rule did. Append-only (`trg_price_bounds_guard`), and complete
    since there is this table: also where the price itself stayed (`trg_events_price_bounds`).
    """

    event = models.ForeignKey(
        "events.Event",
        on_delete=models.DO_NOTHING,
        related_name="price_bounds",
        db_constraint=False,
        db_index=False,
    )
    floor = MoneyField(null=True)
    ceiling = MoneyField(null=True)
    applied_at = models.DateTimeField(db_default=Clock())

    class Meta:
        db_table = "price_bounds"
        constraints = [
            models.CheckConstraint(
                name="chk_price_bounds",
                condition=Q(floor__isnull=True, ceiling__isnull=True)
                | Q(floor__isnull=False, ceiling__isnull=False, floor__lte=F("ceiling")),
            )
        ]
        indexes = [
            models.Index(F("event"), F("applied_at").desc(), name="idx_price_bounds_event_applied")
        ]


def _is_user(actor: str) -> bool:
    try:
        UUID(actor)
    except ValueError:
        return False
    return True
