"""Checkout: look at the price, say who you are, book."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.vary import vary_on_headers

from bookings import operations
from bookings.forms import CheckoutForm
from bookings.models import Booking
from bookings.presenters import Addresses, next_step, too_few
from evently.database.clock import now
from evently.errors import DomainError, Invalid
from evently.idempotency.keys import Idempotency, IdempotencyMismatch, Replayed
from evently.origin import origin_of
from evently.pages import (
    add_refusal,
    form_idempotency,
    quote_holder,
    render_refusal,
    require_get_or_post,
)
from events.locks import EventNotFound
from events.models import Event
from events.operations import Quote, quote_price
from events.presenters import EventPresenter
from events.queries import public_event


@require_get_or_post
@never_cache
@vary_on_headers("HX-Request")
def book(request: HttpRequest, event_id: UUID) -> HttpResponse:
    """Show the price of so many seats, with a promise; a POST books them.

    Without scripts, a button of the form looks at the price of another number: a POST with
    `look`, for what somebody has typed belongs in no address.
    """
    event = public_event(event_id)
    if event is None:
        raise EventNotFound
    if request.method != "POST":
        return _look(request, event, request.GET.get("quantity"))
    if "look" in request.POST:
        return _look(request, event, request.POST.get("quantity"))
    return _book(request, event)


def _look(request: HttpRequest, event: Event, asked: str | None) -> HttpResponse:
    """Show the form with the price of so many seats; what was typed before stays."""
    form = _form(request, event)
    for name in form.fields.keys() & request.POST.keys():
        form.initial[name] = request.POST[name]
    quantity = form.fields["quantity"].clean(asked) if _is_number(asked) else 1
    form.initial["quantity"] = quantity
    try:
        quote = quote_price(event_id=event.pk, quantity=quantity, holder=quote_holder(request))
    except DomainError as refusal:
        return _refused(request, event, form, refusal, quantity=quantity)
    context = _context(event, form, quantity=quantity, quote=quote)
    context["too_few"] = too_few(event, quantity)
    if request.htmx:  # type: ignore[attr-defined]
        return render(request, "bookings/_summary.html", context)
    return render(request, "bookings/checkout.html", context)


def _book(request: HttpRequest, event: Event) -> HttpResponse:
    form = _form(request, event, request.POST)
    if not form.is_valid():
        operations.log_invalid_form(
            event_id=event.pk,
            user_id=request.user.pk if request.user.is_authenticated else None,
            quantity=form.cleaned_data.get("quantity"),
            origin=origin_of(request),
        )
        return _refused(request, event, form)
    quantity = form.cleaned_data["quantity"]
    try:
        booking_id = _place(request, event, form)
    except operations.OwnerNotified as refusal:
        return _owner_told(request, event, form, refusal)
    except DomainError as refusal:
        return _refused(request, event, form, refusal, quantity=quantity)
    if request.user.is_authenticated:
        return redirect(Addresses.own(booking_id).done)
    return redirect(Addresses.linked(event_id=event.pk, booking_id=booking_id).done)


def _place(request: HttpRequest, event: Event, form: CheckoutForm) -> UUID:
    """Book, and return the booking's id; the first one's where the form was sent before.

    A guest is given an account, and is not logged in by that.
    """
    wishes = form.cleaned_data
    quantity, quote = wishes["quantity"], wishes["quote"] or None
    seats = {
        "event_id": event.pk,
        "quantity": quantity,
        "origin": origin_of(request),
        "quote": quote,
        "unit_price": None if quote else wishes["unit_price"],
        "holder": quote_holder(request),
    }

    def idempotency(user_id: UUID) -> Idempotency | None:
        return form_idempotency(
            request, user_id=user_id, body={"quantity": quantity}, answer=_answer
        )

    try:
        if request.user.is_authenticated:
            user_id = request.user.pk
            return operations.book_seats(
                user_id=user_id, idempotency=idempotency(user_id), **seats
            ).pk
        return operations.book_as_guest(
            email=wishes["email"], name=wishes["name"], form_idempotency=idempotency, **seats
        ).pk
    except Replayed as first:
        return UUID(first.answer["booking"])


def _answer(booking: Booking) -> dict[str, Any]:
    return {"booking": booking.pk}


def _owner_told(
    request: HttpRequest, event: Event, form: CheckoutForm, refusal: operations.OwnerNotified
) -> HttpResponse:
    """Say the same for every reason that concerns the owner of the address alone."""
    context = {"event": EventPresenter(event, at=now()), "email": form.cleaned_data["email"]}
    return render_refusal(request, "bookings/owner_told.html", context, refusal)


def _refused(
    request: HttpRequest,
    event: Event,
    form: CheckoutForm,
    refusal: DomainError | None = None,
    *,
    quantity: int | None = None,
) -> HttpResponse:
    """Show the form again with what was entered, a fresh price, and what to do next."""
    event = public_event(event.pk) or event
    quote = _fresh_quote(request, event, quantity)
    shown_quantity = quantity if quote is not None and quantity is not None else 1
    if quote is None:
        quote = _fresh_quote(request, event, 1)
    if isinstance(refusal, IdempotencyMismatch):
        form.with_new_idempotency_key()
    context = _context(event, form, quantity=shown_quantity, quote=quote)
    if (
        form.is_bound
        and isinstance(refusal, Invalid)
        and refusal.fields.keys() & form.fields.keys()
    ):
        add_refusal(form, refusal)
    elif refusal is not None:
        seen = form.cleaned_data.get("unit_price") if form.is_bound else None
        context["refusal"] = next_step(
            refusal, event=event, quantity=quantity or 1, seen_price=seen
        )
    return render_refusal(request, "bookings/checkout.html", context, refusal)


def _fresh_quote(request: HttpRequest, event: Event, quantity: int | None) -> Quote | None:
    """Return a new promise, or None where nothing can be promised."""
    try:
        return quote_price(event_id=event.pk, quantity=quantity or 1, holder=quote_holder(request))
    except DomainError:
        return None


def _form(request: HttpRequest, event: Event, data: Any = None) -> CheckoutForm:
    return CheckoutForm(
        data, most=event.max_per_booking, is_guest=not request.user.is_authenticated
    )


def _context(
    event: Event, form: CheckoutForm, *, quantity: int, quote: Quote | None
) -> dict[str, Any]:
    return {
        "event": EventPresenter(event, at=now()),
        "form": form,
        "quantity": quantity,
        "quote": quote,
    }


def _is_number(text: str | None) -> bool:
    return bool(text) and len(text or "") < 10 and (text or "").lstrip("-").isdecimal()
