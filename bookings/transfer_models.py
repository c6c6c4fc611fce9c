"""Tickets handed over by email: who offered which ticket to whom, and what became of it."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from evently.database.functions import Clock
from evently.database.models import Organized
from evently.privacy.sealing import SealedField
from events.models import Event


class TransferStatus(models.TextChoices):
    OPEN = "open"
    ACCEPTED = "accepted"
    WITHDRAWN = "withdrawn"


class TicketTransfer(Organized):
    """One ticket that the owner of a booking hands over to the person behind an email address.

    Accepting it cancels the ticket and makes a new one, with another secret, that bears the
    recipient's name. Triggers: `trg_transfer_insert` (which tickets), `trg_transfer_update` (what
    stays, and what accepting takes), `trg_ticket_handed` (a ticket bears another person's name only
    after one was accepted).
    """

    booking = models.ForeignKey(
        "bookings.Booking",
        on_delete=models.DO_NOTHING,
        related_name="transfers",
        db_constraint=False,
        db_index=False,
    )
    event = models.ForeignKey(
        Event,
        on_delete=models.DO_NOTHING,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )
    ticket = models.ForeignKey(
        "bookings.Ticket",
        on_delete=models.DO_NOTHING,
        related_name="transfers",
        db_constraint=False,
        db_index=False,
    )
    # Who hands it over: the owner of the booking, under whose key name and address are sealed.
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.DO_NOTHING,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )
    # As the owner entered them; emptied when the recipient's account is erased.
    recipient_name = SealedField(null=True, blank=True, editable=False)
    recipient_email = SealedField(null=True, blank=True, editable=False)
    status = models.TextField(
        choices=TransferStatus, default=TransferStatus.OPEN, db_default=TransferStatus.OPEN
    )
    # Set by accepting: whose the address is, and the ticket that they got.
    recipient = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.DO_NOTHING,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )
    new_ticket = models.ForeignKey(
        "bookings.Ticket",
        null=True,
        blank=True,
        on_delete=models.DO_NOTHING,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )
    created_at = models.DateTimeField(db_default=Clock(), editable=False)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        # Operations refer to constraints by name (`refusing`), so the names are fixed.
        db_table = "ticket_transfers"
        constraints = [
            models.UniqueConstraint(
                fields=["ticket", "event"], name="unq_transfer_open", condition=Q(status="open")
            ),
            models.UniqueConstraint(
                fields=["new_ticket", "event"],
                name="unq_transfer_ticket",
                condition=Q(new_ticket__isnull=False),
            ),
            models.CheckConstraint(
                name="chk_transfer_status", condition=Q(status__in=TransferStatus.values)
            ),
            models.CheckConstraint(
                name="chk_transfer_sealed",
                condition=(
                    Q(recipient_name__isnull=True) | Q(recipient_name__startswith="sealed:v1:")
                )
                & (Q(recipient_email__isnull=True) | Q(recipient_email__startswith="sealed:v1:")),
            ),
            models.CheckConstraint(
                name="chk_transfer_accepted",
                condition=Q(status="accepted", recipient__isnull=False, new_ticket__isnull=False)
                | (~Q(status="accepted") & Q(recipient__isnull=True, new_ticket__isnull=True)),
            ),
        ]
        indexes = [
            models.Index(fields=["event", "booking"], name="idx_transfers_booking"),
            models.Index(fields=["user"], name="idx_transfers_user"),
            models.Index(
                fields=["recipient"],
                name="idx_transfers_recipient",
                condition=Q(recipient__isnull=False),
            ),
        ]

    @property
    def is_open(self) -> bool:
        """Whether it has been neither accepted nor withdrawn; its ticket may have ended."""
        return self.status == TransferStatus.OPEN

    @property
    def is_accepted(self) -> bool:
        return self.status == TransferStatus.ACCEPTED

    @property
    def name(self) -> str:
        """The recipient's name as the owner entered it, or "" once it is erased.

        Needs `user__person_key` loaded, as does `email`.
        """
        key = self.user.key
        return (key and self.recipient_name and key.open("holder_name", self.recipient_name)) or ""

    @property
    def email(self) -> str:
        """The address that the owner entered, or "" once it is erased."""
        key = self.user.key
        return (key and self.recipient_email and key.open("email", self.recipient_email)) or ""
