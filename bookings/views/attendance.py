"""The page that asks whether an attendee is still coming. Opening it changes nothing."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from bookings import attendance_queries, operations
from bookings.forms import AnswerForm
from bookings.presenters import BookingPresenter
from bookings.presenters.attendance import AttendancePresenter
from bookings.views.booking import BookingAccess, for_owner_or_link
from evently.database.clock import now
from evently.errors import DomainError
from evently.formatting import seats
from evently.idempotency.keys import Replayed
from evently.pages import form_idempotency, render_refusal, require_get_or_post


@require_get_or_post
@for_owner_or_link
def coming(request: HttpRequest, access: BookingAccess) -> HttpResponse:
    """Ask; a POST answers with `answer`, and `coming` where some seats are kept."""
    if request.method != "POST":
        return render(request, "bookings/coming.html", _context(access, AnswerForm()))
    form = AnswerForm(request.POST)
    context = _context(access, form)
    if not form.is_valid():
        return render_refusal(request, "bookings/coming.html", context)
    booking, quantity = access.booking, form.seats_kept(access.booking.quantity)
    try:
        operations.answer_attendance(
            event_id=booking.event_id,
            booking_id=booking.pk,
            coming=quantity,
            idempotency=form_idempotency(
                request,
                user_id=booking.user_id,
                body={"coming": quantity},
                answer=lambda _: {},
            ),
        )
    except Replayed:
        pass
    except DomainError as refusal:
        context |= {"refusal": refusal}
        return render_refusal(request, "bookings/coming.html", context, refusal)
    messages.success(request, _thanks(quantity, booking.quantity))
    return redirect(access.urls.detail)


def _thanks(kept: int, booked: int) -> str:
    if not kept:
        return "Thank you for telling us. Your booking is cancelled."
    if kept < booked:
        return f"Thank you for telling us. You have given back {seats(booked - kept)}."
    return "Thank you for telling us that you are coming."


def _context(access: BookingAccess, form: AnswerForm) -> dict[str, Any]:
    at, booking = now(), access.booking
    check = attendance_queries.attendance_of([booking]).get(booking.pk)
    return {
        "booking": BookingPresenter(booking, at=at),
        "attendance": AttendancePresenter(booking, check, at=at),
        "urls": access.urls,
        "form": form,
        "idempotency_key": form["idempotency_key"].value(),
    }
