"""Checkout: choose the number of seats, see the price, book."""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any
from urllib.parse import quote as url_quote
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.vary import vary_on_headers

from bookings import operations
from bookings.forms import CheckoutForm
from bookings.presenters import BookingUrls
from bookings.presenters.checkout import (
    already_notice,
    refusal_notice,
    risen_notice,
    seats_in,
    shortage_notice,
    shown_on_checkout,
)
from bookings.visit import (
    Prices,
    bookings_of_visitor,
    holder_of,
    keep_booking,
    keep_quotes,
    let_correct_address,
    prices_for,
)
from evently.database.clock import now
from evently.errors import DomainError, Invalid
from evently.idempotency.keys import Idempotency, IdempotencyMismatch, Replayed
from evently.kept_pages import KeptPage
from evently.origin import origin_of
from evently.page_views import PageKind, page_views
from evently.pages import (
    add_refusal,
    form_idempotency,
    form_token,
    render_refusal,
    require_get_or_post,
)
from evently.templatetags.components import when
from events.locks import EventNotFound
from events.models import Event
from events.presenters import EventPresenter
from events.queries import event_at_clock
from events.sale import sale_of


@require_get_or_post
@never_cache
@vary_on_headers("HX-Request")
def book(request: HttpRequest, event_id: UUID) -> HttpResponse:
    """Show the price of the requested number of seats, with a quote; a POST books them.

    Without scripts, a button submits the form with `look` to update the price: by POST, so that
    name and email address stay out of the URL.
    """
    found = event_at_clock(event_id)
    if found is None:
        raise EventNotFound
    event, at = found
    if request.method != "POST":
        response = _show_price(request, event, request.GET.get("quantity"), at=at)
        # Another number of seats on the same page is no further checkout.
        if not request.htmx:  # type: ignore[attr-defined]
            page_views.count(PageKind.CHECKOUT, event_id, request)
        return response
    if "look" in request.POST:
        return _show_price(request, event, request.POST.get("quantity"), at=at)
    return _submit(request, event, at=at)


def _show_price(
    request: HttpRequest, event: Event, requested: str | None, *, at: datetime
) -> HttpResponse:
    """Show the form with the price of the requested quantity; what was typed before stays."""
    form = _form(request, event)
    for name in form.fields.keys() & request.POST.keys():
        form.initial[name] = request.POST[name]
    quantity = form.fields["quantity"].clean(requested) if _is_number(requested) else 1
    form.initial["quantity"] = quantity
    try:
        prices = prices_for(request, event, quantity, at=at)
    except DomainError as refusal:
        return _show_refused(request, event, form, refusal, quantity=quantity)
    context = _context(request, event, form, prices=prices, at=at)
    own = _own(request, form, event, prices)
    template = "bookings/checkout.html"
    if request.htmx:  # type: ignore[attr-defined]
        template = "bookings/_summary.html"
    if request.method == "POST":
        # The fields have what was typed.
        response = render(request, template, context | own)
    else:
        own["csrf_token"] = form_token(request)
        key = shown_on_checkout(context, is_guest=bool(form.fields.keys() & {"email"}))
        page = KeptPage(template, (event.pk, quantity), key, context, own)
        response = page.response(request)
    keep_quotes(request, response, event, prices.kept)
    return response


def _submit(request: HttpRequest, event: Event, *, at: datetime) -> HttpResponse:
    form = _form(request, event, request.POST)
    if not form.is_valid():
        operations.log_invalid_form(
            event_id=event.pk,
            user_id=request.user.pk if request.user.is_authenticated else None,
            quantity=form.cleaned_data.get("quantity"),
            origin=origin_of(request),
        )
        return _show_refused(request, event, form)
    try:
        booking_id, links_version = _book_seats(request, event, form, at=at)
    except operations.OwnerNotified as refusal:
        return _show_owner_notified(request, event, form, refusal)
    except DomainError as refusal:
        return _show_refused(request, event, form, refusal, quantity=form.cleaned_data["quantity"])
    if request.user.is_authenticated:
        return redirect(BookingUrls.for_owner(booking_id).done)
    urls = BookingUrls.for_guest(event_id=event.pk, booking_id=booking_id, version=links_version)
    response = redirect(urls.done)
    keep_booking(request, response, event, booking_id, at=at)
    let_correct_address(request, response, urls.done, booking_id)
    return response


def _book_seats(
    request: HttpRequest, event: Event, form: CheckoutForm, *, at: datetime
) -> tuple[UUID, int | None]:
    """Book, and return the booking's id: of the first booking where the form was sent before.

    A guest gets an account, and is not logged in; its `links_version` is returned, too, if known.
    """
    data = form.cleaned_data
    quantity, quote = data["quantity"], data["quote"] or None
    known_seats = data["known_seats"] or 0
    arguments = {
        "event_id": event.pk,
        "quantity": quantity,
        "origin": origin_of(request),
        "quote": quote,
        "unit_price": None if quote else data["unit_price"],
        "holder": holder_of(request, event, quote or "", at=at),
        "terms_shown": data["terms_shown"],
    }

    def idempotency(user_id: UUID) -> Idempotency | None:
        return form_idempotency(
            request,
            user_id=user_id,
            body={"quantity": quantity},
            answer=lambda booking: {"booking": booking.pk},
        )

    try:
        if request.user.is_authenticated:
            user_id = request.user.pk
            booking = operations.book_seats(
                user_id=user_id,
                idempotency=idempotency(user_id),
                known_seats=known_seats,
                **arguments,
            )
            return booking.pk, None
        _check_booked_here(request, event, data["email"], known_seats, idempotency)
        booking = operations.book_as_guest(
            email=data["email"],
            name=data["name"],
            form_idempotency=idempotency,
            seen=(event, at),
            **arguments,
        )
        return booking.pk, booking.user.links_version
    except Replayed as first:
        return UUID(first.answer["booking"]), None


def _check_booked_here(
    request: HttpRequest,
    event: Event,
    email: str,
    known_seats: int,
    idempotency: Callable[[UUID], Idempotency | None],
) -> None:
    """Raise AlreadyBooked where a guest has booked in this browser since the form was shown.

    What was booked elsewhere with the email address concerns its owner alone. Raises Replayed
    where this very form was sent before.
    """
    seats = seats_in(bookings_of_visitor(request, event))
    if seats > known_seats:
        operations.replay_for_guest(email, idempotency)
        raise operations.AlreadyBooked(seats=seats)


def _show_owner_notified(
    request: HttpRequest, event: Event, form: CheckoutForm, refusal: operations.OwnerNotified
) -> HttpResponse:
    """Show the same page for every reason that only the owner of the email address may learn."""
    context = {"event": EventPresenter(event, at=now()), "email": form.cleaned_data["email"]}
    return render_refusal(request, "bookings/owner_notified.html", context, refusal)


def _show_refused(
    request: HttpRequest,
    event: Event,
    form: CheckoutForm,
    refusal: DomainError | None = None,
    *,
    quantity: int | None = None,
) -> HttpResponse:
    """Show the form again with what was entered, the current price, and the next step.

    refusal, quantity: None for an invalid form, which shows its own errors.
    """
    event, at = event_at_clock(event.pk) or (event, now())
    prices = _prices(request, event, quantity, at=at) or _prices(request, event, 1, at=at)
    if isinstance(refusal, IdempotencyMismatch | operations.AlreadyBooked):
        form.with_new_idempotency_key()
    context = _context(request, event, form, prices=prices, at=at)
    if refusal is not None and _names_fields(refusal, form):
        add_refusal(form, refusal)
    elif refusal is not None:
        context["refusal"] = refusal_notice(
            refusal,
            event=event,
            sale=context["sale"],
            quantity=quantity or 1,
            shown_price=_shown_price(form),
        )
    context |= _own(request, form, event, prices)
    response = render_refusal(request, "bookings/checkout.html", context, refusal)
    if prices is not None:
        keep_quotes(request, response, event, prices.kept)
    return response


def _names_fields(refusal: DomainError, form: CheckoutForm) -> bool:
    """Return whether a refusal can be shown beside fields of a submitted form."""
    return (
        form.is_bound
        and isinstance(refusal, Invalid)
        and bool(refusal.fields.keys() & form.fields.keys())
    )


def _shown_price(form: CheckoutForm) -> Decimal | None:
    """Return the price of a seat that a submitted form showed."""
    return form.cleaned_data.get("unit_price") if form.is_bound else None


def _prices(
    request: HttpRequest, event: Event, quantity: int | None, *, at: datetime
) -> Prices | None:
    """Return the prices of a number of seats, or None where nothing can be booked."""
    try:
        return prices_for(request, event, quantity or 1, at=at)
    except DomainError:
        return None


def _form(request: HttpRequest, event: Event, data: Any = None) -> CheckoutForm:
    return CheckoutForm(
        data, most=event.max_per_booking, is_guest=not request.user.is_authenticated
    )


def _context(
    request: HttpRequest, event: Event, form: CheckoutForm, *, prices: Prices | None, at: datetime
) -> dict[str, Any]:
    quantity = prices.quantity if prices else 1
    bookings = bookings_of_visitor(request, event)
    sale = sale_of(event, at=at)
    form.fields["quantity"].widget.attrs["max"] = sale.most_per_booking
    return {
        "event": EventPresenter(event, at=at),
        "sale": sale,
        "form": form,
        "quantity": quantity,
        "prices": prices,
        "already": already_notice(bookings, is_owner=request.user.is_authenticated),
        "known_seats": seats_in(bookings),
        "shortage": shortage_notice(event, sale, quantity),
        "risen": risen_notice(event, prices) if prices else None,
    }


def _own(
    request: HttpRequest, form: CheckoutForm, event: Event, prices: Prices | None
) -> dict[str, Any]:
    """Return the texts of the checkout that are the visitor's own."""
    own = {
        "idempotency_key": form["idempotency_key"].value(),
        "here": url_quote(request.get_full_path()),
        "email": request.user.email if request.user.is_authenticated else "",
        "leaving": "yes" if request.user.is_authenticated and request.user.is_leaving else "",
    }
    if prices is not None:
        until = prices.quote.expires_at
        own["quote_token"] = prices.quote.token
        own["quoted_until"] = when({}, until, event.timezone, "clock")
    return own


def _is_number(text: str | None) -> bool:
    return bool(text) and len(text or "") < 10 and (text or "").lstrip("-").isdecimal()
