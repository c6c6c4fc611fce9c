"""Quotes: signed promises of a price. A quote holds the price, not the seats."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.conf import settings
from django.core import signing

from evently.database.functions import Clock
from evently.errors import Invalid
from events.locks import EventNotFound
from events.models import Event
from events.operations.sales import SalesClosed, check_quantity

SALT = "events.quote"


class QuoteInvalid(Invalid):
    """The quote has expired, or was given to another holder or for another event."""

    code = "quote_invalid"
    message = "This price quote is no longer valid. Please check the current price."


@dataclass(frozen=True)
class Quote:
    """The most that its holder pays for a seat until it expires."""

    token: str
    unit_price: Decimal
    total_amount: Decimal
    expires_at: datetime


def quote_price(*, event_id: UUID, quantity: int, holder: str) -> Quote:
    """Promise the current price of an event for QUOTE_LIFETIME, at most until sales close.

    holder: whom the price is promised to, as `evently.pages.quote_holder` or a user's id.
    Raises SalesClosed, Invalid (quantity), EventNotFound.
    """
    event = Event.objects.published().annotate(clock=Clock()).filter(pk=event_id).first()
    if event is None:
        raise EventNotFound
    now: datetime = event.clock
    if not event.is_on_sale(at=now):
        raise SalesClosed
    check_quantity(quantity, most=event.max_per_booking)
    expires_at = min(now + settings.QUOTE_LIFETIME, event.sales_close_at)
    token = signing.dumps(
        [event.pk.hex, quantity, str(event.current_price), holder, expires_at.isoformat()],
        salt=SALT,
    )
    return Quote(
        token=token,
        unit_price=event.current_price,
        total_amount=event.current_price * quantity,
        expires_at=expires_at,
    )


def read_quote(token: str, *, event_id: UUID, quantity: int, holder: str, at: datetime) -> Decimal:
    """Return the unit price that a quote promises.

    Raises QuoteInvalid when it has expired, or was given for another event, another holder or
    fewer seats.
    """
    try:
        event_hex, largest, price, promised_to, expires_at = signing.loads(token, salt=SALT)
    except (signing.BadSignature, ValueError, TypeError) as error:
        raise QuoteInvalid from error
    if (
        event_hex != event_id.hex
        or promised_to != holder
        or quantity > largest
        or at >= datetime.fromisoformat(expires_at)
    ):
        raise QuoteInvalid
    return Decimal(price)
