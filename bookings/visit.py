"""What the checkout remembers of a visit: quotes that still hold, and seats booked meanwhile.

A price that was promised must not be lost by a reload, by another number of seats or in another
tab; and a form must know of the seats that the visitor has booked by now. Both are kept in signed
cookies of the event's checkout, since guests have no session.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from django.http import HttpRequest, HttpResponse

from bookings.models import Booking
from bookings.queries import quoted_seats_booked
from evently.database.identity import as_worker
from evently.database.prepared import PreparedQuery
from evently.links import path_of
from evently.pages import guest_holder, quote_holder
from events.models import Event
from events.operations import Quote, QuoteInvalid, quote_event, read_quote

QUOTES, BOOKED, CORRECTS = "quotes", "booked", "corrects"
SALT = "bookings.visit"
SEPARATOR = "~"
MOST_KEPT = 4
BOOKED_FOR = timedelta(hours=2)


# ── Quotes ──────────────────────────────────────────────────────────────────
@dataclass(frozen=True)
class Prices:
    """What a number of seats costs a visitor.

    quote: for these seats. left: seats that it can still be used for. current: of a seat now.
    better: an earlier quote at a lower price, for fewer seats (better_left) than are wanted.
    kept: the quotes to remember.
    """

    quote: Quote
    left: int
    quantity: int
    current: Decimal
    better: Quote | None
    better_left: int
    kept: list[Quote]

    @property
    def total_amount(self) -> Decimal:
        return self.quote.unit_price * self.quantity

    @property
    def has_risen(self) -> bool:
        """Whether the price has risen above that of the quote since it was given."""
        return self.current > self.quote.unit_price


def prices_for(request: HttpRequest, event: Event, quantity: int, *, at: datetime) -> Prices:
    """Return the best price for a number of seats: an earlier quote that holds, or a new one.

    at: when the event was read. Raises what `quote_event` raises.
    """
    fresh = quote_event(event, quantity=quantity, holder=quote_holder(request), at=at)
    earlier = _earlier_quotes(request, event, at=at)
    # The lowest price counts; of several at one price, the one that holds longest.
    enough = [(quote, left) for quote, left in earlier if left >= quantity]
    quote, left = min(
        [*enough, (fresh, quantity)], key=lambda pair: (pair[0].unit_price, -_seconds(pair[0]))
    )
    cheaper = [
        (other, other_left) for other, other_left in earlier if other.unit_price < quote.unit_price
    ]
    better, better_left = max(
        cheaper, key=lambda pair: (pair[1], -pair[0].unit_price), default=(None, 0)
    )
    return Prices(
        quote=quote,
        left=left,
        quantity=quantity,
        current=fresh.unit_price,
        better=better,
        better_left=better_left,
        kept=_worth_keeping([*earlier, (fresh, quantity)]),
    )


def _seconds(quote: Quote) -> float:
    return quote.expires_at.timestamp()


def _earlier_quotes(request: HttpRequest, event: Event, *, at: datetime) -> list[tuple[Quote, int]]:
    """Return the visitor's quotes that still hold, each with the seats that are left of it."""
    tokens = _remembered(request, QUOTES)
    tokens.append(request.POST.get("quote", ""))
    found = [_read(request, event, token, at=at)[1] for token in filter(None, tokens)]
    quotes = {quote.id: quote for quote in found if quote is not None}
    if not quotes:
        return []
    booked = quoted_seats_booked(event_id=event.pk, quote_ids=list(quotes))
    left = [(quote, quote.quantity - booked.get(quote.id, 0)) for quote in quotes.values()]
    return [(quote, seats) for quote, seats in left if seats > 0]


def holder_of(request: HttpRequest, event: Event, token: str, *, at: datetime) -> str:
    """Return under which name this visitor holds a quote: their own, or that before logging in."""
    return _read(request, event, token, at=at)[0]


def _read(
    request: HttpRequest, event: Event, token: str, *, at: datetime
) -> tuple[str, Quote | None]:
    """Return the holder and the quote of a token; None where it does not hold."""
    for holder in filter(None, (quote_holder(request), guest_holder(request))):
        try:
            return holder, read_quote(token, event_id=event.pk, holder=holder, at=at)
        except QuoteInvalid:
            continue
    return quote_holder(request), None


def _worth_keeping(quotes: Sequence[tuple[Quote, int]]) -> list[Quote]:
    """Return the quotes that no other is as good as in price, seats and time."""

    def is_as_good(other: tuple[Quote, int], pair: tuple[Quote, int]) -> bool:
        return (
            other[0].unit_price <= pair[0].unit_price
            and other[1] >= pair[1]
            and other[0].expires_at >= pair[0].expires_at
        )

    kept: list[tuple[Quote, int]] = []
    for pair in sorted(quotes, key=lambda pair: (pair[0].unit_price, -pair[1], -_seconds(pair[0]))):
        if not any(is_as_good(other, pair) for other in kept):
            kept.append(pair)
    return [quote for quote, _ in kept[:MOST_KEPT]]


def keep_quotes(
    request: HttpRequest, response: HttpResponse, event: Event, quotes: Sequence[Quote]
) -> None:
    """Remember quotes in the visitor's browser, until the last of them expires."""
    priced = [quote for quote in quotes if quote.unit_price]
    if priced:
        _remember(
            request,
            response,
            event,
            QUOTES,
            SEPARATOR.join(quote.token for quote in priced),
            expires=max(quote.expires_at for quote in priced),
        )


# ── Seats booked ────────────────────────────────────────────────────────────
BOOKINGS_OF_USER = PreparedQuery(
    lambda event_id, user_id: (
        Booking.objects.of_user(user_id).holding_seats().filter(event_id=event_id).order_by("pk")
    ),
    event_id=UUID,
    user_id=UUID,
)


def bookings_of_visitor(request: HttpRequest, event: Event) -> list[Booking]:
    """Return the visitor's bookings of an event that hold seats, oldest first.

    Of a guest, those made in this browser lately.
    """
    if request.user.is_authenticated:
        return BOOKINGS_OF_USER.rows(event_id=event.pk, user_id=request.user.pk)
    ids = _booked_ids(request)
    if not ids:
        return []
    bookings = Booking.objects.holding_seats().filter(event_id=event.pk, pk__in=ids)
    with as_worker():  # our signature in their browser says that they are theirs
        return list(bookings.order_by("pk"))


def keep_booking(
    request: HttpRequest, response: HttpResponse, event: Event, booking_id: UUID, *, at: datetime
) -> None:
    """Remember a guest's booking in their browser for a while. at: the time."""
    ids = dict.fromkeys([*_booked_ids(request), booking_id])
    _remember(
        request,
        response,
        event,
        BOOKED,
        SEPARATOR.join(each.hex for each in ids),
        expires=at + BOOKED_FOR,
    )


def let_correct_address(
    request: HttpRequest, response: HttpResponse, path: str, booking_id: UUID
) -> None:
    """Let this browser correct the email address of a guest's booking for a while.

    path: of the confirmation page, the only one that needs it.
    """
    response.set_signed_cookie(
        CORRECTS,
        booking_id.hex,
        salt=SALT,
        max_age=BOOKED_FOR,
        path=path,
        secure=request.is_secure(),
        httponly=True,
        samesite="Lax",
    )


def may_correct_address(request: HttpRequest, booking_id: UUID) -> bool:
    """Return whether this browser made the booking a while ago."""
    known = request.get_signed_cookie(CORRECTS, default="", salt=SALT, max_age=BOOKED_FOR)
    return known == booking_id.hex


def _booked_ids(request: HttpRequest) -> list[UUID]:
    return [UUID(hex=each) for each in _remembered(request, BOOKED) if each]


def _remembered(request: HttpRequest, name: str) -> list[str]:
    return (request.get_signed_cookie(name, default="", salt=SALT) or "").split(SEPARATOR)


def _remember(
    request: HttpRequest,
    response: HttpResponse,
    event: Event,
    name: str,
    value: str,
    *,
    expires: datetime,
) -> None:
    response.set_signed_cookie(
        name,
        value,
        salt=SALT,
        expires=expires,
        path=path_of("book", event.pk),
        secure=request.is_secure(),
        httponly=True,
        samesite="Lax",
    )
