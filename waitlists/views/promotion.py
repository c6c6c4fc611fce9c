"""Offers: opening one shows it, and its buttons claim or decline; also by an emailed link."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from bookings.models import Booking
from evently.database.clock import now
from evently.errors import DomainError, Invalid
from evently.idempotency.keys import Replayed
from evently.links import LinkInvalid, read_link
from evently.origin import origin_of
from evently.pages import (
    current_user,
    form_idempotency,
    new_idempotency_key,
    owner_or_link,
    render_refusal,
    require_get_or_post,
)
from events.sale import sale_of
from waitlists import operations, queries
from waitlists.forms import ClaimForm
from waitlists.models import Promotion
from waitlists.operations import PromotionNotFound
from waitlists.outcomes import keeps_place, place_text
from waitlists.presenters import OfferUrls, PromotionPresenter

# An offer, and the URLs of its pages for the user or link holder who opened it.
OpenedOffer = tuple[Promotion, OfferUrls]


def _owned_offer(request: HttpRequest, promotion_id: UUID) -> OpenedOffer:
    """Return an offer made to the current user. Raises PromotionNotFound."""
    offers = queries.promotions_of(user_id=current_user(request).pk)
    offer = offers.filter(pk=promotion_id).first()
    if offer is None:
        raise PromotionNotFound
    return offer, OfferUrls.for_owner(offer)


def _linked_offer(token: str) -> OpenedOffer:
    """Return the offer that an emailed link is for. Raises LinkInvalid."""
    linked = read_link(purpose="promotion", token=token)
    offers = Promotion.objects.select_related("event", "waitlist", "user")
    offer = offers.filter(event_id=linked.event_id, pk=linked.row_id).first()
    if offer is None:
        raise LinkInvalid
    linked.check(offer.user.links_version)
    return offer, OfferUrls.for_link(offer, token)


for_owner_or_link = owner_or_link(
    owned=_owned_offer, linked=_linked_offer, owner=lambda opened: opened[0].user_id
)


@require_safe
@for_owner_or_link
def promotion(request: HttpRequest, opened: OpenedOffer) -> HttpResponse:
    """Show an offer."""
    return render(request, "waitlists/promotion.html", _context(*opened))


@require_get_or_post
@for_owner_or_link
def accept_promotion(request: HttpRequest, opened: OpenedOffer) -> HttpResponse:
    """Claim the offered seats on POST."""
    offer, urls = opened
    if request.method != "POST":  # the user had to log in first, and was sent back here
        return redirect(urls.detail)
    form = ClaimForm(request.POST)
    if not form.is_valid():
        return _refused(request, offer, urls, Invalid("Choose how many seats you want."))
    quantity = form.cleaned_data["quantity"]
    try:
        booking = operations.accept_promotion(
            event_id=offer.event_id,
            promotion_id=offer.pk,
            origin=origin_of(request),
            quantity=quantity,
            idempotency=form_idempotency(
                request,
                user_id=offer.user_id,
                body={"quantity": quantity},
                answer=lambda booking: {"booking": booking.pk},
            ),
        )
    except Replayed as first:
        booking = Booking.objects.get(event_id=offer.event_id, pk=first.answer["booking"])
    except DomainError as refusal:
        return _refused(request, offer, urls, refusal)
    _reload(offer)
    if keeps_place(offer, offer.waitlist):
        # The page of the offer says so, and lets them leave.
        return redirect(urls.detail)
    return redirect(urls.booking(booking))


@require_get_or_post
@for_owner_or_link
def decline_promotion(request: HttpRequest, opened: OpenedOffer) -> HttpResponse:
    """Decline the offer on POST."""
    offer, urls = opened
    if request.method != "POST":
        return redirect(urls.detail)
    try:
        operations.decline_promotion(event_id=offer.event_id, promotion_id=offer.pk)
    except DomainError as refusal:
        return _refused(request, offer, urls, refusal)
    _reload(offer)
    messages.success(
        request, f"You have declined the offer. {place_text(offer, offer.waitlist)}".strip()
    )
    return redirect(urls.detail)


def _context(offer: Promotion, urls: OfferUrls) -> dict[str, Any]:
    booking = None
    if offer.booking_id is not None:
        booking = Booking.objects.filter(event_id=offer.event_id, pk=offer.booking_id).first()
    return {
        "promotion": PromotionPresenter(offer, at=now()),
        "now": now(),
        "urls": urls,
        "booking": booking,
        "booking_url": urls.booking(booking) if booking is not None else "",
        "sale": sale_of(offer.event, at=now()),
        "idempotency_key": new_idempotency_key(),
        "by_link": urls.by_link,
    }


def _refused(
    request: HttpRequest, offer: Promotion, urls: OfferUrls, refusal: DomainError
) -> HttpResponse:
    """Show the offer as it is now, and why it could not be claimed or declined."""
    _reload(offer)
    context = {**_context(offer, urls), "refusal": refusal}
    return render_refusal(request, "waitlists/promotion.html", context, refusal)


def _reload(offer: Promotion) -> None:
    """Read again what answering an offer changes."""
    offer.refresh_from_db(
        fields=["status", "ended_at", "expires_at", "accepted_quantity", "booking"]
    )
    offer.event.refresh_from_db()
    offer.waitlist.refresh_from_db()
