"""Charges for bookings, and refunds."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from evently.database.models import Organized
from evently.database.money import MoneyField
from events.models import PRICE_LIMIT, Event


class PaymentProvider(models.TextChoices):
    MANUAL = "manual", "By hand"
    STRIPE = "stripe", "Stripe"


class PaymentKind(models.TextChoices):
    CHARGE = "charge"
    REFUND = "refund"


class PaymentStatus(models.TextChoices):
    OPEN = "open"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


class Payment(Organized):
    """A charge for a booking, or a refund (`trg_refund_within_charges`).

    `chk_payment_money`, in the database only, keeps amounts to the decimals of their currency.
    """

    event = models.ForeignKey(
        Event,
        on_delete=models.DO_NOTHING,
        related_name="payments",
        db_constraint=False,
        db_index=False,
    )
    booking = models.ForeignKey(
        "bookings.Booking",
        on_delete=models.DO_NOTHING,
        related_name="payments",
        db_constraint=False,
    )
    # The booking's, derived: `evently_owners_set`.
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.DO_NOTHING,
        related_name="+",
        db_constraint=False,
        db_index=False,
        editable=False,
    )
    provider = models.TextField(choices=PaymentProvider, db_default=PaymentProvider.MANUAL)
    kind = models.TextField(choices=PaymentKind, db_default=PaymentKind.CHARGE)
    provider_reference = models.TextField()
    amount = MoneyField(max_digits=14)
    currency = models.CharField(max_length=3)
    status = models.TextField(choices=PaymentStatus, db_default=PaymentStatus.OPEN)
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.DO_NOTHING,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "payments"
        constraints = [
            models.UniqueConstraint(
                fields=["event", "provider", "provider_reference"], name="unq_payment_reference"
            ),
            models.CheckConstraint(
                name="chk_payment_amount", condition=Q(amount__gt=0, amount__lt=PRICE_LIMIT)
            ),
            models.CheckConstraint(
                name="chk_payment_provider", condition=Q(provider__in=PaymentProvider.values)
            ),
            models.CheckConstraint(
                name="chk_payment_kind", condition=Q(kind__in=PaymentKind.values)
            ),
            models.CheckConstraint(
                name="chk_payment_status", condition=Q(status__in=PaymentStatus.values)
            ),
            models.CheckConstraint(
                name="chk_payment_currency", condition=Q(currency__regex=r"^[A-Z]{3}$")
            ),
        ]
