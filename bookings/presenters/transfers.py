"""Tickets that are handed over, as pages show them."""

from dataclasses import dataclass
from datetime import datetime

from bookings.transfer_models import TicketTransfer


@dataclass(frozen=True)
class TransferPresenter:
    """To whom a ticket is handed over, as its owner entered it; "" once that is erased.

    at: when it was offered or, if it was accepted, when that was. withdraw_url: "" where it cannot
    be taken back.
    """

    name: str
    email: str
    at: datetime
    is_accepted: bool
    withdraw_url: str = ""

    @classmethod
    def of(cls, transfer: TicketTransfer, *, withdraw_url: str = "") -> "TransferPresenter":
        return cls(
            name=transfer.name,
            email=transfer.email,
            at=transfer.ended_at or transfer.created_at,
            is_accepted=transfer.is_accepted,
            withdraw_url=withdraw_url,
        )
