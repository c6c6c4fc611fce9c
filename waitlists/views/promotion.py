"""Offers: opening one shows it, a button claims or declines; also by the link in a mail."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from bookings.models import Booking
from evently.database.clock import now
from evently.errors import DomainError
from evently.idempotency.keys import Replayed
from evently.links import LinkInvalid, read_link
from evently.origin import origin_of
from evently.pages import (
    current_user,
    form_idempotency,
    new_idempotency_key,
    render_refusal,
    require_get_or_post,
    secret_link_page,
)
from waitlists import operations, queries
from waitlists.models import Promotion
from waitlists.operations import PromotionNotFound
from waitlists.presenters import OfferAddresses, PromotionPresenter


@require_safe
@login_required
@never_cache
def promotion(request: HttpRequest, promotion_id: UUID) -> HttpResponse:
    """Show one of the reader's offers."""
    offer = _own(request, promotion_id)
    return render(request, "waitlists/promotion.html", _context(offer, OfferAddresses.own(offer)))


@require_safe
@secret_link_page
def promotion_link(request: HttpRequest, token: str) -> HttpResponse:
    """Show the offer of a mailed link."""
    context = _context(_linked(token), OfferAddresses.behind(token))
    return render(request, "waitlists/promotion.html", context)


@require_get_or_post
@login_required
def accept_promotion(request: HttpRequest, promotion_id: UUID) -> HttpResponse:
    """Claim one of the reader's offers."""
    offer = _own(request, promotion_id)
    return _accept(request, offer, OfferAddresses.own(offer))


@require_get_or_post
@secret_link_page
def promotion_link_accept(request: HttpRequest, token: str) -> HttpResponse:
    """Claim the offer of a mailed link."""
    return _accept(request, _linked(token), OfferAddresses.behind(token))


@require_get_or_post
@login_required
def decline_promotion(request: HttpRequest, promotion_id: UUID) -> HttpResponse:
    """Let one of the reader's offers pass."""
    offer = _own(request, promotion_id)
    return _decline(request, offer, OfferAddresses.own(offer))


@require_get_or_post
@secret_link_page
def promotion_link_decline(request: HttpRequest, token: str) -> HttpResponse:
    """Let the offer of a mailed link pass."""
    return _decline(request, _linked(token), OfferAddresses.behind(token))


def _own(request: HttpRequest, promotion_id: UUID) -> Promotion:
    """Return one of the reader's offers. Raises PromotionNotFound."""
    offers = queries.promotions_of(user_id=current_user(request).pk)
    offer = offers.filter(pk=promotion_id).first()
    if offer is None:
        raise PromotionNotFound
    return offer


def _linked(token: str) -> Promotion:
    """Return the offer that a mailed link is for. Raises LinkInvalid."""
    event_id, promotion_id = read_link(purpose="promotion", token=token)
    offers = Promotion.objects.select_related("event", "waitlist")
    offer = offers.filter(event_id=event_id, pk=promotion_id).first()
    if offer is None:
        raise LinkInvalid
    return offer


def _context(offer: Promotion, addresses: OfferAddresses) -> dict[str, Any]:
    booked = None
    if offer.booking_id is not None:
        booked = Booking.objects.filter(event_id=offer.event_id, pk=offer.booking_id).first()
    return {
        "promotion": PromotionPresenter(offer, at=now()),
        "asked_for": offer.waitlist.quantity,
        "now": now(),
        "addresses": addresses,
        "booking_url": addresses.booking(booked) if booked is not None else "",
        "idempotency_key": new_idempotency_key(),
        "by_link": addresses.by_link,
    }


def _accept(request: HttpRequest, offer: Promotion, addresses: OfferAddresses) -> HttpResponse:
    if request.method != "POST":  # somebody had to log in first
        return redirect(addresses.detail)
    try:
        booking = operations.accept_promotion(
            event_id=offer.event_id,
            promotion_id=offer.pk,
            origin=origin_of(request),
            idempotency=form_idempotency(
                request,
                user_id=offer.user_id,
                body={},
                answer=lambda booking: {"booking": booking.pk},
            ),
        )
    except Replayed as first:
        booking = Booking.objects.get(event_id=offer.event_id, pk=first.answer["booking"])
    except DomainError as refusal:
        return _refused(request, offer, addresses, refusal)
    return redirect(addresses.booking(booking))


def _decline(request: HttpRequest, offer: Promotion, addresses: OfferAddresses) -> HttpResponse:
    if request.method != "POST":
        return redirect(addresses.detail)
    try:
        operations.decline_promotion(event_id=offer.event_id, promotion_id=offer.pk)
    except DomainError as refusal:
        return _refused(request, offer, addresses, refusal)
    messages.success(request, "Thank you for telling us. The next in line is being asked.")
    return redirect(addresses.detail)


def _refused(
    request: HttpRequest, offer: Promotion, addresses: OfferAddresses, refusal: DomainError
) -> HttpResponse:
    """Show the offer as it is by now, and why it could not be answered."""
    offer.refresh_from_db(fields=["status", "ended_at", "booking"])
    context = {**_context(offer, addresses), "refusal": refusal}
    return render_refusal(request, "waitlists/promotion.html", context, refusal)
