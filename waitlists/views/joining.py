"""Joining the waitlist of an event, with an account or as a guest."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache

from bookings.operations import GuestLimit, OwnerNotified, PriceChanged, PriceRequired
from evently.database.clock import now
from evently.errors import DomainError, Invalid
from evently.formatting import moment, seats
from evently.idempotency.keys import Idempotency, Replayed
from evently.origin import origin_of
from evently.pages import (
    add_refusal,
    current_user,
    form_idempotency,
    render_refusal,
    require_get_or_post,
)
from evently.time_zones import zone_named
from events.locks import EventNotFound
from events.models import Event
from events.presenters import EventPresenter
from events.queries import public_event
from waitlists import operations
from waitlists.availability import availability_for
from waitlists.draw_presenters import draw_of
from waitlists.forms import JoinForm
from waitlists.presenters import price_notice
from waitlists.receipt import returned_seats_text
from waitlists.rules_text import rules_in_force

PRICE_REFUSALS = (PriceChanged, PriceRequired)


@require_get_or_post
@never_cache
def join_waitlist(request: HttpRequest, event_id: UUID) -> HttpResponse:
    """Show the form for joining a waitlist; a POST joins it."""
    event = public_event(event_id)
    if event is None:
        raise EventNotFound
    if request.method == "POST":
        return _join(request, event)
    form = join_form(request, event)
    quantity = request.GET.get("quantity", "")
    # Anyone can put anything into the query string: read no more than four digits.
    if quantity.isdecimal() and 1 <= int(quantity[:4]) <= event.most_to_wait_for:
        form.initial["quantity"] = int(quantity[:4])
    return render(request, "waitlists/join.html", _context(request, event, form))


def join_form(request: HttpRequest, event: Event, data: Any = None) -> JoinForm:
    """Return the form for joining; guests are also asked for name and email address."""
    return JoinForm(data, most=event.most_to_wait_for, is_guest=not request.user.is_authenticated)


def _join(request: HttpRequest, event: Event) -> HttpResponse:
    form = join_form(request, event, request.POST)
    if not form.is_valid():
        return render_refusal(request, "waitlists/join.html", _context(request, event, form))
    is_guest = not request.user.is_authenticated
    try:
        entry_id = _entry_id_after_joining(request, event, form)
    except OwnerNotified:
        # The page must not reveal whether the owner of the email address waits or has seats.
        return _guest_joined(request, event, form)
    except DomainError as refusal:
        return _refused(request, event, form, refusal)
    if is_guest:
        return _guest_joined(request, event, form)
    if current_user(request).is_verified:
        messages.success(request, _joined_text(event))
    return redirect(reverse("waitlist_entry", args=[entry_id]))


def _joined_text(event: Event) -> str:
    if event.draw_closes_at is not None and now() < event.draw_closes_at:
        return f"You are in the draw. It closes on {moment(event.draw_closes_at, event.zone)}."
    return "You are on the waitlist. An offer appears here if seats are held for you."


def _entry_id_after_joining(request: HttpRequest, event: Event, form: JoinForm) -> UUID:
    """Join, and return the entry's id; if the form was sent before, that of the first time."""
    fields = form.cleaned_data
    wanted = {"quantity": fields["quantity"], "min_quantity": fields["min_quantity"]}

    def idempotency(user_id: UUID) -> Idempotency | None:
        return form_idempotency(
            request, user_id=user_id, body=wanted, answer=lambda entry: {"entry": entry.pk}
        )

    try:
        if request.user.is_authenticated:
            user_id = request.user.pk
            return operations.join_waitlist(
                event_id=event.pk,
                user_id=user_id,
                timezone=current_user(request).timezone or fields["timezone"],
                unit_price=fields["unit_price"],
                idempotency=idempotency(user_id),
                **wanted,
            ).pk
        return operations.join_as_guest(
            event_id=event.pk,
            email=fields["email"],
            name=fields["name"],
            origin=origin_of(request),
            timezone=fields["timezone"],
            unit_price=fields["unit_price"],
            form_idempotency=idempotency,
            **wanted,
        ).pk
    except Replayed as first:
        return UUID(first.answer["entry"])


def _guest_joined(request: HttpRequest, event: Event, form: JoinForm) -> HttpResponse:
    """Show the same page to every guest; the entry itself is behind the link in their email."""
    at = now()
    draw = draw_of(event, at=at, own_zone=zone_named(form.cleaned_data["timezone"]))
    context = {
        "event": EventPresenter(event, at=at),
        "email": form.cleaned_data["email"],
        "draw": draw,
        "draw_text": f"Only places that are confirmed before {draw.closes} take part: by then, "
        "open the link in the email and press the button there."
        if draw
        else "",
    }
    return render(request, "waitlists/joined.html", context)


def _refused(
    request: HttpRequest, event: Event, form: JoinForm, refusal: DomainError
) -> HttpResponse:
    event = public_event(event.pk) or event
    context = _context(request, event, form)
    if isinstance(refusal, PRICE_REFUSALS) and context["risen"]:
        pass  # the page asks whether to join at the new price
    elif isinstance(refusal, operations.PlaceLimit):
        most = seats(event.most_to_wait_for)
        form.add_error("quantity", f"At this event, one person can wait for at most {most}.")
    elif isinstance(refusal, Invalid):
        add_refusal(form, refusal)
    else:
        context["refusal"] = _next_step(refusal, event, form.cleaned_data["quantity"])
    return render_refusal(request, "waitlists/join.html", context, refusal)


def _next_step(refusal: DomainError, event: Event, quantity: int) -> dict[str, str]:
    """Return why joining failed and what to do next: title, text, url, link."""
    step = {"title": "You could not join", "text": refusal.text, "url": "", "link": ""}
    if isinstance(refusal, operations.SeatsAvailable):
        step |= {
            "title": "You do not need to wait",
            "url": f"{reverse('book', args=[event.pk])}?quantity={quantity}",
            "link": "Book instead",
        }
    elif isinstance(refusal, GuestLimit):
        step |= {
            "title": "Please log in to join",
            "url": f"{reverse('log_in')}?next={reverse('join_waitlist', args=[event.pk])}",
            "link": "Log in or create an account",
        }
    elif isinstance(refusal, operations.RejoinedTooOften):
        step |= {"title": "Please wait before joining again"}
    elif isinstance(refusal, operations.AlreadyWaiting):
        step |= {
            "title": "You have already joined",
            "url": reverse("my_waitlists"),
            "link": "Show my waitlists",
        }
    return step


def _context(request: HttpRequest, event: Event, form: JoinForm) -> dict[str, Any]:
    at = now()
    presenter = EventPresenter(event, at=at)
    availability = availability_for(event, user=request.user, at=at)
    shown = form.cleaned_data.get("unit_price") if form.is_bound else event.current_price
    return {
        "event": presenter,
        "form": form,
        "risen": price_notice(event, shown=shown),
        "availability": availability,
        "seats": availability.sale,
        "mine": availability.participation,
        "now": at,
        "rules": rules_in_force(event),
        "returned_seats": returned_seats_text(event.pk),
    }
