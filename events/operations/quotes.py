"""Quotes: signed promises of a price. A quote holds the price, not the seats.

A quote pays for its seats once: the database sums the seats booked with it (`trg_quote_used`), so
that they can be booked together or one after the other, and never again.
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid5

from django.conf import settings
from django.core import signing

from evently.database.ids import uuid7
from evently.errors import Conflict, Invalid
from evently.formatting import seats
from events.locks import EventNotFound
from events.models import Event
from events.operations.sales import check_on_sale, check_quantity
from events.queries import event_at_clock

SALT = "events.quote"
# Gives quotes of the release before, which had none, an id.
UNNAMED = UUID("6c3fd5c1-7a54-4d8e-9a39-4a1b7a5a3c55")


class QuoteInvalid(Invalid):
    """The quote has expired, or was given to another holder, for another event or fewer seats."""

    code = "quote_invalid"
    message = "This price quote is no longer valid. Please check the current price."


class QuoteUsed(Conflict):
    """The seats that the quote was given for have been booked with it."""

    code = "quote_used"
    message = "Seats have already been booked with this quote, as many as it was for."


@dataclass(frozen=True)
class Quote:
    """The most that its holder pays for a seat until it expires, for up to `quantity` seats."""

    id: UUID
    token: str
    quantity: int
    unit_price: Decimal
    expires_at: datetime
    currency: str = ""

    @property
    def total_amount(self) -> Decimal:
        return self.unit_price * self.quantity


def quote_price(*, event_id: UUID, quantity: int, holder: str) -> Quote:
    """Promise the current price of an event, as `quote_event`, which raises the same.

    Raises EventNotFound, too.
    """
    found = event_at_clock(event_id)
    if found is None:
        raise EventNotFound
    event, at = found
    return quote_event(event, quantity=quantity, holder=holder, at=at)


def quote_event(event: Event, *, quantity: int, holder: str, at: datetime) -> Quote:
    """Promise the price that an event has for QUOTE_LIFETIME, at most until sales close.

    holder: whom the price is promised to, as `evently.pages.quote_holder` or a user's id. at: when
    the event was read.
    Raises SalesClosed, Invalid (quantity).
    """
    check_on_sale(event, at=at)
    check_quantity(quantity, most=event.max_per_booking)
    expires_at = min(at + settings.QUOTE_LIFETIME, event.sales_close_at)
    quote_id = uuid7()
    token = signing.dumps(
        [
            event.pk.hex,
            quantity,
            str(event.current_price),
            holder,
            expires_at.isoformat(),
            quote_id.hex,
        ],
        salt=SALT,
    )
    return Quote(
        id=quote_id,
        token=token,
        quantity=quantity,
        unit_price=event.current_price,
        expires_at=expires_at,
        currency=event.currency,
    )


def read_quote(token: str, *, event_id: UUID, holder: str, at: datetime) -> Quote:
    """Return what a quote promises.

    Raises QuoteInvalid when it has expired, or was given for another event or another holder.
    """
    try:
        event_hex, quantity, price, promised_to, until, *named = signing.loads(token, salt=SALT)
        quote = Quote(
            id=_id_of(token, named),
            token=token,
            quantity=quantity,
            unit_price=Decimal(price),
            expires_at=datetime.fromisoformat(until),
        )
    except (signing.BadSignature, ValueError, TypeError) as error:
        raise QuoteInvalid from error
    if event_hex != event_id.hex or promised_to != holder or at >= quote.expires_at:
        raise QuoteInvalid
    return quote


def check_quoted_quantity(quote: Quote, quantity: int) -> None:
    """Raise QuoteInvalid where a quote is for fewer seats than are to be booked."""
    if quantity > quote.quantity:
        raise QuoteInvalid(
            f"This price quote is for {seats(quote.quantity)}, not for {quantity}. Book that many "
            "with it, or get a new quote for more.",
            quoted_quantity=quote.quantity,
            quoted_price=quote.unit_price,
        )


def _id_of(token: str, named: list[Any]) -> UUID:
    return UUID(hex=named[0]) if named else uuid5(UNNAMED, token)
