"""The page on which an organizer books for a person by hand."""

import uuid
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from unfold.widgets import (
    UnfoldAdminEmailInputWidget,
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanWidget,
)

from bookings.models import Booking
from boxoffice.backoffice.by_hand import book_by_hand
from evently.admin.confirmation import confirmation_page, report_success
from evently.admin.tabs import add_page, event_page_url, tabs_context
from evently.formatting import seats
from evently.idempotency.keys import Replayed
from evently.origin import origin_of
from evently.pages import form_idempotency
from events.admin import cells
from events.models import Event
from waitlists.operations.by_hand import LONGEST_REASON


class BookingForm(forms.Form):
    name = forms.CharField(max_length=200, widget=UnfoldAdminTextInputWidget)
    email = forms.CharField(
        label="Email address",
        max_length=254,
        widget=UnfoldAdminEmailInputWidget,
        help_text="The tickets are sent to it.",
    )
    quantity = forms.IntegerField(
        label="Seats", min_value=1, max_value=10, initial=1, widget=UnfoldAdminIntegerFieldWidget
    )
    is_free = forms.BooleanField(label="Free of charge", required=False, widget=UnfoldBooleanWidget)
    again = forms.BooleanField(
        label="Book again",
        required=False,
        widget=UnfoldBooleanWidget,
        help_text="Also if this person has seats for the event already.",
    )
    add_seats = forms.BooleanField(
        label="Add seats to the event",
        required=False,
        widget=UnfoldBooleanWidget,
        help_text="Where too few are free or people are waiting: raises the number of seats for "
        "this booking only. Needs a reason.",
    )
    reason = forms.CharField(
        required=False,
        max_length=LONGEST_REASON,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 2}),
        help_text="Only where seats are added. Everyone on the waitlist can read it, and it "
        "becomes public: name no one.",
    )


def booking_page(request: HttpRequest, event: Event) -> HttpResponse:
    """Ask for a person and seats, then book."""
    back = event_page_url("attendees", event.pk)
    key = request.POST.get("idempotency_key") or uuid.uuid4().hex
    user: Any = request.user

    def done(reference: str, quantity: int, name: str) -> str:
        sentence = f"{seats(quantity)} booked for {name}: {reference}. Tickets follow by email."
        return report_success(request, sentence, back)

    def act(**entered: Any) -> str:
        def answer(booking: Booking) -> dict[str, Any]:
            booking.refresh_from_db(fields=["booking_reference"])
            return {"reference": booking.booking_reference, "quantity": booking.quantity}

        try:
            booking = book_by_hand(
                event_id=event.pk,
                origin=origin_of(request),
                idempotency=form_idempotency(request, user_id=user.pk, body=entered, answer=answer),
                **entered,
            )
        except Replayed as replay:
            return done(replay.answer["reference"], replay.answer["quantity"], entered["name"])
        return done(**answer(booking), name=entered["name"])

    model_admin: Any = admin.site.get_model_admin(Booking)
    return confirmation_page(
        model_admin,
        request,
        title="Add a booking",
        question="For a guest list, or for a person who asks by phone or at your desk.",
        submit="Book",
        form_class=BookingForm,
        facts=[
            ("Free seats", f"{event.available_seats:,}"),
            ("Price per seat", cells.price(event)),
        ],
        hidden=[("idempotency_key", key)],
        act=act,
        back=back,
        context=tabs_context(event, current="attendees"),
    )


add_page("Attendees", "add_booking", "Add a booking", view=booking_page, rank=40, listed=False)
