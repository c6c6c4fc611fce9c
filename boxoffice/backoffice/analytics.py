"""An event's figures, each aggregated by itself: a join would multiply one by the other."""

from decimal import Decimal
from typing import Any

from django.db.models import Count, Q, Sum
from django.db.models.functions import Coalesce

from bookings.models import HOLDING_SEATS, Booking, BookingAttempt, BookingStatus
from events.models import Event
from waitlists.models import Promotion, PromotionStatus, WaitlistEntry


def figures_of(event: Event) -> dict[str, Any]:
    """Return capacity, sales, line and attempts of an event, in a fixed number of queries."""
    living = Q(status__in=HOLDING_SEATS)
    sales = Booking.objects.filter(event_id=event.pk).aggregate(
        booked_seats=Coalesce(Sum("quantity", filter=living), 0),
        bookings=Count("id", filter=living),
        cancelled_bookings=Count("id", filter=Q(status=BookingStatus.CANCELLED)),
        revenue=Coalesce(
            Sum("total_amount", filter=Q(status=BookingStatus.CONFIRMED)), Decimal("0.00")
        ),
    )
    held = Promotion.objects.filter(event_id=event.pk, status=PromotionStatus.PENDING).aggregate(
        held_seats=Coalesce(Sum("quantity"), 0)
    )
    line = (
        WaitlistEntry.objects.filter(event_id=event.pk)
        .waiting()
        .aggregate(waiting_entries=Count("id"), waiting_seats=Coalesce(Sum("quantity"), 0))
    )
    attempts = (
        BookingAttempt.objects.filter(event_id=event.pk)
        .values("result", "failure_reason")
        .annotate(number=Count("id"))
        .order_by("result", "failure_reason")
    )
    return {
        "event": event.pk,
        "total_capacity": event.total_capacity,
        "available_seats": event.available_seats,
        "current_price": event.current_price,
        "currency": event.currency,
        **sales,
        **held,
        **line,
        "attempts": {row["failure_reason"] or row["result"]: row["number"] for row in attempts},
    }
