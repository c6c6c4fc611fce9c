"""The notices of the checkout: what the visitor has, what is left, and what the price did."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from django.urls import reverse

from bookings import operations
from bookings.models import Booking
from bookings.presenters.bookings import BookingUrls
from bookings.visit import Prices
from evently.database.clock import now
from evently.errors import DomainError, Invalid
from evently.formatting import clock_time, money, seats
from evently.idempotency.keys import IdempotencyMismatch
from events.models import Event
from events.operations import QuoteInvalid, QuoteUsed, SalesClosed
from events.sale import Sale, SaleState

NOTHING_BOOKED = "This form has booked nothing."


def shown_on_checkout(context: Mapping[str, Any], *, is_guest: bool) -> tuple[Any, ...]:
    """Return all that a checkout shows that was not sent yet, apart from what is the visitor's own.

    context: of bookings/checkout.html. An event's version changes with each edit, apart from the
    price rule; a time is shown with its year where that is another one.
    """
    event, sale, prices = context["event"], context["sale"], context["prices"]
    return (
        is_guest,
        *(event.version, event.status, event.current_price, event.at.astimezone(event.zone).year),
        *(event.can_cancel_until, event.terms, event.price_floor, event.price_ceiling),
        *(sale.can_book, sale.most_per_booking),
        *(prices.quote.unit_price, prices.quantity, prices.left, prices.total_amount),
        *(context["already"], context["known_seats"], context["shortage"], context["risen"]),
    )


def seats_in(bookings: Sequence[Booking]) -> int:
    return sum(booking.quantity for booking in bookings)


def already_notice(bookings: Sequence[Booking], *, is_owner: bool) -> dict[str, str] | None:
    """Return the notice of the seats that the visitor has already, or None.

    is_owner: the visitor is logged in, and can open their bookings.
    """
    if not bookings:
        return None
    notice = {
        "title": f"You already have {seats(seats_in(bookings))} for this event",
        "text": "Book more? This would be another booking.",
        "url": "",
        "link": "",
    }
    if is_owner:
        notice["url"] = (
            BookingUrls.for_owner(bookings[0].pk).detail
            if len(bookings) == 1
            else reverse("my_bookings")
        )
        notice["link"] = "Show my booking" if len(bookings) == 1 else "Show my bookings"
    return notice


def shortage_notice(event: Event, sale: Sale, quantity: int) -> dict[str, str] | None:
    """Return the notice that fewer seats can be booked than the checkout is for, or None.

    Keys as of `refusal_notice`.
    """
    if sale.can_book and sale.available >= quantity:
        return None
    if not sale.is_open:
        return {"title": "Bookings are closed", "text": sale.closed_text, "url": "", "link": ""}
    if sale.state is SaleState.DRAW:
        return _draw_notice(event, sale, quantity)
    text = "You can join the waitlist in case seats become available."
    if sale.can_book:
        text = _fewer_or_wait(event, sale, quantity)
    return {"title": sale.label, "text": text, **_waitlist_link(event, sale, quantity)}


def risen_notice(event: Event, prices: Prices) -> dict[str, str] | None:
    """Return the notice that the price has risen since an earlier quote, or None.

    The earlier quote still holds for its seats. A booking has one price per seat, so more seats
    need a new quote for all of them.
    """
    if prices.has_risen:
        kept, current = (
            money(price, event.currency) for price in (prices.quote.unit_price, prices.current)
        )
        return {
            "title": f"The price has risen to {current} per seat",
            "text": f"You were promised {kept}: that holds for up to {seats(prices.left)}, until "
            f"{clock_time(prices.quote.expires_at, event.zone)}.",
            "url": "",
            "link": "",
        }
    if prices.better is None:
        return None
    kept, current = (
        money(price, event.currency)
        for price in (prices.better.unit_price, prices.quote.unit_price)
    )
    total = money(prices.total_amount, event.currency)
    return {
        "title": f"The price has risen from {kept} to {current} per seat",
        "text": f"You were promised {kept} for {seats(prices.better_left)}, until "
        f"{clock_time(prices.better.expires_at, event.zone)}. For {seats(prices.quantity)}, "
        f"each costs {current}: {total} in all.",
        "url": f"{reverse('book', args=[event.pk])}?quantity={prices.better_left}",
        "link": f"Book {seats(prices.better_left)} at {kept} each",
    }


TITLES: dict[type[DomainError], str] = {
    operations.GuestLimit: "Please log in to book",
    operations.LimitWhileWaiting: "Please choose fewer seats",
    operations.PersonLimit: "Too many seats for one person",
    operations.RebookedTooOften: "Please wait before booking again",
}


def refusal_notice(
    refusal: DomainError,
    *,
    event: Event,
    sale: Sale,
    quantity: int,
    shown_price: Decimal | None = None,
) -> dict[str, str]:
    """Return the notice for a refused booking: title, text, and url and link of the next step.

    shown_price: of a seat, as in the form that was refused.
    """
    waitlist_link = _waitlist_link(event, sale, quantity)
    notice = {"title": "Booking failed", "text": refusal.text, "url": "", "link": ""}
    if isinstance(refusal, operations.SoldOut):
        text = f"The seats have just been taken. {NOTHING_BOOKED}"
        if 0 < sale.available < quantity:
            are = "is" if sale.available == 1 else "are"
            text = f"Only {sale.available} {are} left. {NOTHING_BOOKED} "
            text += _fewer_or_wait(event, sale, quantity)
        notice |= {"title": "There are not enough seats left", "text": text, **waitlist_link}
    elif isinstance(refusal, operations.WaitlistFirst | operations.DrawPending):
        notice |= _waitlist_notice(refusal, event, sale, quantity)
    elif isinstance(refusal, operations.AlreadyBooked):
        notice |= _booked_meanwhile(refusal.details["seats"])
    elif isinstance(
        refusal,
        operations.PriceChanged | operations.PriceRequired | QuoteInvalid | QuoteUsed,
    ):
        notice |= _price_notice(event, refusal, shown_price, quantity=quantity)
    elif isinstance(refusal, SalesClosed):
        notice |= {"title": "Bookings are closed", "text": f"{refusal.text} {NOTHING_BOOKED}"}
    elif type(refusal) in TITLES:
        notice |= {"title": TITLES[type(refusal)], **_login_link(refusal, event)}
    elif isinstance(refusal, Invalid) and "quantity" in refusal.fields:
        notice |= {"title": "Please choose another number of seats"}
    elif isinstance(refusal, IdempotencyMismatch):
        notice |= {
            "title": "This form has already been submitted",
            "text": "Your booking was made, and the form was changed afterwards. "
            "To make another booking, check the form and submit it again.",
        }
    return notice


def _waitlist_notice(
    refusal: DomainError, event: Event, sale: Sale, quantity: int
) -> dict[str, str]:
    if isinstance(refusal, operations.DrawPending):
        return _draw_notice(event, sale, quantity, after=NOTHING_BOOKED)
    return {"title": "The waitlist comes first", **_waitlist_link(event, sale, quantity)}


def _draw_notice(event: Event, sale: Sale, quantity: int, *, after: str = "") -> dict[str, str]:
    """Return that seats are not sold but drawn, and until when; after: a sentence before."""
    text = "Until the draw, no seats are sold. Everyone who joins before it closes takes part."
    link = "Join the draw"
    if event.draw_closes_at is None or event.draw_closes_at <= now():
        text = "Until the draw, no seats are sold. Its list is closed; who joins now ranks behind."
        link = "Join the waitlist"
    return {
        "title": sale.label,
        "text": f"{after} {text}".strip(),
        "url": f"{reverse('join_waitlist', args=[event.pk])}"
        f"?quantity={_seats_to_wait_for(event, sale, quantity) or 1}",
        "link": link,
    }


def _booked_meanwhile(number: int) -> dict[str, str]:
    return {
        "title": f"You already have {seats(number)} for this event",
        "text": f"Since this form was opened, you have booked elsewhere, or with the Back button. "
        f"{NOTHING_BOOKED} To book more, submit it again.",
    }


def _login_link(refusal: DomainError, event: Event) -> dict[str, str]:
    """Return the link to log in where that lifts the refusal."""
    if not isinstance(refusal, operations.GuestLimit):
        return {}
    return {
        "url": f"{reverse('log_in')}?next={reverse('book', args=[event.pk])}",
        "link": "Log in or create an account",
    }


def _seats_to_wait_for(event: Event, sale: Sale, quantity: int) -> int:
    """Return for how many of the wanted seats a visitor can join the waitlist; 0 for none."""
    most = min(quantity, event.most_to_wait_for)
    return most if sale.can_join or (sale.can_book and most > sale.available) else 0


def _fewer_or_wait(event: Event, sale: Sale, quantity: int) -> str:
    """Return what to do where fewer seats are on sale than are wanted."""
    waits_for = _seats_to_wait_for(event, sale, quantity)
    if not waits_for:
        return "Choose fewer seats."
    them = "all of them" if waits_for == quantity else f"{seats(waits_for)}, the most at this event"
    return f"Choose fewer seats, or join the waitlist for {them}."


def _waitlist_link(event: Event, sale: Sale, quantity: int) -> dict[str, str]:
    """Return the link to join the waitlist; empty texts where that is not possible."""
    waits_for = _seats_to_wait_for(event, sale, quantity)
    if not waits_for:
        return {"url": "", "link": ""}
    return {
        "url": f"{reverse('join_waitlist', args=[event.pk])}?quantity={waits_for}",
        "link": f"Join the waitlist for {seats(waits_for)}",
    }


def _price_notice(
    event: Event, refusal: DomainError, shown_price: Decimal | None, *, quantity: int
) -> dict[str, str]:
    """Return title and text on how the price differs from the one in the form."""
    current = money(event.current_price, event.currency)
    shown_price = refusal.details.get("seen_price", shown_price)
    if "quoted_quantity" in refusal.details:
        return {
            "title": f"Please check the price of {seats(quantity)}",
            "text": f"The price you saw was for {seats(refusal.details['quoted_quantity'])}. "
            f"{NOTHING_BOOKED} Submit it again to book at the price shown here.",
        }
    if shown_price is None or shown_price == event.current_price:
        return {
            "title": "Please check the price again",
            "text": f"A seat costs {current}. {NOTHING_BOOKED} Submit it again to book at the "
            "price shown here.",
        }
    return {
        "title": "The price has changed",
        "text": f"A seat was {money(shown_price, event.currency)} when you opened this page, and "
        f"is {current} now. {NOTHING_BOOKED} Submit it again to book at the price shown here.",
    }
