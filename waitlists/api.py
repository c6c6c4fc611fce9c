"""Waitlist entries and offers in the API."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django_filters.rest_framework import DjangoFilterBackend
from drf_spectacular.utils import extend_schema
from rest_framework import mixins
from rest_framework.request import Request
from rest_framework.response import Response

from bookings.api import location_of as booking_location_of
from bookings.api import render_created_booking
from bookings.serializers import BookingRepresentation
from evently.api.idempotency import request_idempotency
from evently.api.permissions import BOOK
from evently.api.reused import represent, validate
from evently.api.views import ApiViewSet, user_of
from evently.database.clock import now
from evently.origin import origin_of
from waitlists import operations, queries
from waitlists.draw_queries import newest_draw
from waitlists.filters import EntryFilter, PromotionFilter
from waitlists.models import Promotion, WaitlistEntry
from waitlists.operations import EntryNotFound, PromotionNotFound
from waitlists.receipt import receipt_of
from waitlists.record.document import own_records
from waitlists.serializers import (
    AcceptRequest,
    EntryChange,
    EntryReceipt,
    EntryRepresentation,
    EntryRequest,
    PromotionRepresentation,
)


# ── Entries ─────────────────────────────────────────────────────────────────
def joined(entry: WaitlistEntry) -> tuple[int, Any]:
    """Return the status and body of the response to joining."""
    return 201, represent(EntryRepresentation, entry)


def location_of(answer: Any) -> dict[str, str]:
    """Return the Location header of a new entry."""
    return {"Location": f"/api/v1/waitlists/{answer['id']}/"}


def left(entry: WaitlistEntry) -> tuple[int, None]:
    """Return the status and body of the response to leaving."""
    return 204, None


class WaitlistViewSet(mixins.ListModelMixin, ApiViewSet):
    """Waitlist entries of the current user."""

    required_scopes = {"create": BOOK, "partial_update": BOOK, "destroy": BOOK}
    bodies = {"create": EntryRequest, "partial_update": EntryChange}
    idempotent = frozenset({"create", "destroy"})
    refusals = {
        "create": {
            404: ("not_found",),
            409: (
                "already_waiting",
                "seats_available",
                "sales_closed",
                "person_limit",
                "price_changed",
                "offers_lapsed",
            ),
            422: ("price_required", "booking_limit", "auto_accept_unsupported"),
            429: ("rejoining_limit",),
        },
        "partial_update": {409: ("not_waiting",)},
        "destroy": {409: ("not_waiting",)},
    }
    filter_backends = [DjangoFilterBackend]
    filterset_class = EntryFilter
    serializer_class = EntryRepresentation
    queryset = WaitlistEntry.objects.none()

    def get_queryset(self) -> QuerySet[WaitlistEntry]:
        return queries.entries_of(user_id=user_of(self.request).pk)

    def own_entry(self, entry_id: UUID) -> WaitlistEntry:
        """Return an entry of the current user. Raises EntryNotFound, also for another user's."""
        entry = queries.own_entry(user_id=user_of(self.request).pk, entry_id=entry_id)
        if entry is None:
            raise EntryNotFound
        return entry

    def list(self, request: Request, **kwargs: Any) -> Response:
        """List your waitlist entries, newest first."""
        return super().list(request, **kwargs)

    @extend_schema(responses={201: EntryRepresentation})
    def create(self, request: Request) -> Response:
        """Join the waitlist of an event without enough seats on sale, at the price shown."""
        user, body = user_of(request), validate(EntryRequest, request.data)
        entry = operations.join_waitlist(
            user_id=user.pk,
            idempotency=request_idempotency(request, joined, headers=location_of),
            **{"timezone": user.timezone, **body},
        )
        status, answer = joined(entry)
        return Response(answer, status=status, headers=location_of(answer))

    @extend_schema(responses={200: EntryReceipt})
    def retrieve(self, request: Request, entry_id: UUID) -> Response:
        """Return one of your waitlist entries, with its offers and its part of the record."""
        entry: Any = self.own_entry(entry_id)
        entry.offers = queries.promotions_of(user_id=user_of(request).pk).filter(
            event_id=entry.event_id, waitlist_id=entry.pk
        )
        receipt = receipt_of(entry, at=now())
        entry.passes, entry.reserves = receipt.passes, receipt.reserves
        entry.record = own_records(event_id=entry.event_id, refs=[entry.ref] if entry.ref else [])
        draw = newest_draw(entry.event_id) if entry.draw_place else None
        entry.draw_lots = draw.lots if draw else None
        entry.line_length = queries.waiting_count(event_id=entry.event_id)
        entry.seats_returned_lately = queries.seats_returned_lately(event_id=entry.event_id)
        return Response(EntryReceipt(entry).data)

    @extend_schema(responses={200: EntryRepresentation})
    def partial_update(self, request: Request, entry_id: UUID) -> Response:
        """Accept fewer seats than before. The entry keeps its position, and may get an offer."""
        entry = self.own_entry(entry_id)
        body = self.body_of(request)
        changed = operations.lower_min_quantity(
            event_id=entry.event_id, entry_id=entry.pk, **body.validated_data
        )
        return Response(represent(EntryRepresentation, changed))

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, entry_id: UUID) -> Response:
        """Leave the waitlist; seats of a pending offer go to the next entries, or back on sale."""
        entry = self.own_entry(entry_id)
        operations.leave_waitlist(
            event_id=entry.event_id,
            entry_id=entry.pk,
            idempotency=request_idempotency(request, left),
        )
        return Response(status=204)


# ── Offers ──────────────────────────────────────────────────────────────────
def declined(promotion: Promotion) -> tuple[int, Any]:
    """Return the status and body of the response to declining."""
    return 200, represent(PromotionRepresentation, promotion)


class PromotionViewSet(mixins.ListModelMixin, ApiViewSet):
    """Offers made to the current user."""

    required_scopes = {"accept": BOOK, "decline": BOOK}
    bodies = {"accept": AcceptRequest}
    idempotent = frozenset({"accept", "decline"})
    refusals = {
        "accept": {409: ("promotion_expired", "promotion_closed", "sales_closed")},
        "decline": {409: ("promotion_expired", "promotion_closed")},
    }
    filter_backends = [DjangoFilterBackend]
    filterset_class = PromotionFilter
    serializer_class = PromotionRepresentation
    queryset = Promotion.objects.none()

    def get_queryset(self) -> QuerySet[Promotion]:
        return queries.promotions_of(user_id=user_of(self.request).pk)

    def own_promotion(self, promotion_id: UUID) -> Promotion:
        """Return an offer to the current user. Raises PromotionNotFound, also for another's."""
        promotion = queries.own_promotion(
            user_id=user_of(self.request).pk, promotion_id=promotion_id
        )
        if promotion is None:
            raise PromotionNotFound
        return promotion

    def list(self, request: Request, **kwargs: Any) -> Response:
        """List the offers made to you, newest first."""
        return super().list(request, **kwargs)

    def retrieve(self, request: Request, promotion_id: UUID) -> Response:
        """Return an offer made to you."""
        return Response(represent(PromotionRepresentation, self.own_promotion(promotion_id)))

    @extend_schema(responses={201: BookingRepresentation})
    def accept(self, request: Request, promotion_id: UUID) -> Response:
        """Accept an offer, or a part of it, at the offered price or less.

        If you accept fewer seats than are offered, the others go to the next entries at once, and
        your entry ends. If you accept all of an offer that is smaller than you asked for, your
        entry keeps its place for the rest: `GET waitlists/{id}/` says so, `DELETE` leaves.
        """
        promotion = self.own_promotion(promotion_id)
        body = validate(AcceptRequest, request.data)
        booking = operations.accept_promotion(
            event_id=promotion.event_id,
            promotion_id=promotion.pk,
            origin=origin_of(request._request),
            quantity=body.get("quantity"),
            idempotency=request_idempotency(
                request, render_created_booking, headers=booking_location_of
            ),
        )
        status, answer = render_created_booking(booking)
        return Response(answer, status=status, headers=booking_location_of(answer))

    @extend_schema(responses={200: PromotionRepresentation})
    def decline(self, request: Request, promotion_id: UUID) -> Response:
        """Decline an offer; its seats go to the next entries, or back on sale.

        Your entry ends, unless the offer is smaller than you asked for: it then keeps its place,
        and needs more seats than these from now on. Declining after more than half of the time
        counts as an offer that ran out (`lapses`).
        """
        promotion = self.own_promotion(promotion_id)
        ended = operations.decline_promotion(
            event_id=promotion.event_id,
            promotion_id=promotion.pk,
            idempotency=request_idempotency(request, declined),
        )
        return Response(declined(ended)[1])
