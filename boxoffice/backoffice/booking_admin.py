"""The page of a booking in the admin, complete: tickets, emails, history, and what can be done."""

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.html import format_html
from unfold.decorators import action
from unfold.widgets import UnfoldAdminEmailInputWidget

from bookings import operations
from bookings.admin.bookings import BookingAdmin
from bookings.models import Booking
from boxoffice.backoffice.booking_panels import booking_panels
from boxoffice.lifecycle.operations.addresses import correct_address
from evently.accounts.operations.correction import AddressTaken, is_correctable
from evently.admin.confirmation import confirmation_page, report_success
from evently.admin.tabs import event_page_url

admin.site.unregister(Booking)

# Their references stand in a URL.
MOST_CHOSEN = 100


class AddressForm(forms.Form):
    email = forms.CharField(
        label="Right email address",
        max_length=254,
        widget=UnfoldAdminEmailInputWidget,
    )


@admin.register(Booking)
class CompleteBookingAdmin(BookingAdmin):
    actions = ("write_to_selected", *BookingAdmin.actions)
    actions_detail = ("send_tickets", "write_to_this", "correct_address", "cancel_this")
    change_form_after_template = "admin/bookings/panels.html"

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Add what the page shows below the facts."""
        extra = dict(extra_context or {})
        booking = self.get_object(request, object_id) if object_id else None
        if booking is not None:
            extra |= booking_panels(booking)
        return super().changeform_view(request, object_id, form_url, extra)

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[Any]:
        """Leave out sending tickets where none are valid."""
        shown = super().get_actions_detail(request, object_id)
        booking = self.get_object(request, object_id)
        if booking is None or booking.is_confirmed:
            return shown
        return [each for each in shown if not each.action_name.endswith("send_tickets")]

    @admin.action(description="Write to those who booked selected")
    def write_to_selected(
        self, request: HttpRequest, queryset: QuerySet[Booking]
    ) -> HttpResponse | None:
        """Open the form of a message to the attendees of some bookings, of one event."""
        found = list(
            queryset.order_by("pk").values_list("event_id", "booking_reference")[: MOST_CHOSEN + 1]
        )
        events = {event_id for event_id, _ in found}
        if len(events) != 1 or len(found) > MOST_CHOSEN:
            text = f"Select up to {MOST_CHOSEN} bookings, all of the same event."
            self.message_user(request, text, messages.ERROR)
            return None
        return redirect(_write_url(events.pop(), [reference for _, reference in found]))

    @action(description="Write to attendee", url_path="write", icon="edit")
    def write_to_this(self, request: HttpRequest, object_id: str) -> HttpResponse:
        booking = self._booking_or_404(request, object_id)
        return redirect(_write_url(booking.event_id, [booking.booking_reference]))

    @action(description="Send tickets again", url_path="tickets", icon="forward_to_inbox")
    def send_tickets(self, request: HttpRequest, object_id: str) -> HttpResponse:
        booking = self._booking_or_404(request, object_id)
        back = _page(booking.pk)

        def act() -> str:
            operations.send_tickets_again(
                event_id=booking.event_id, booking_id=booking.pk, by_id=request.user.pk
            )
            return report_success(request, f"The tickets will go to {booking.user.email}.", back)

        return confirmation_page(
            self,
            request,
            title="Send the tickets again?",
            question=f"They go to {booking.user.email}, with the date and place of now.",
            submit="Send tickets",
            act=act,
            back=back,
        )

    @action(description="Correct email address", url_path="address", icon="alternate_email")
    def correct_address(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Correct a guest's mistyped address; of other accounts, say what is possible."""
        booking = self._booking_or_404(request, object_id)
        back = _page(booking.pk)
        user: Any = request.user

        def act(email: str) -> str:
            try:
                changed = correct_address(
                    event_id=booking.event_id, booking_id=booking.pk, email=email, by=user
                )
            except AddressTaken:
                raise AddressTaken(
                    "This email address belongs to another account. Add a booking for it on the "
                    "Attendees tab, then cancel this one: both people are notified."
                ) from None
            return report_success(
                request, f"The address is {changed.email} now, and the tickets go there.", back
            )

        if not is_correctable(booking.user):
            return self._explain(request, booking, back)
        return confirmation_page(
            self,
            request,
            title="Correct the email address?",
            question=(
                f"The booking was made by a guest with {booking.user.email}, which is not "
                "confirmed. New tickets go to the right address; the codes and links that went to "
                "the wrong one end."
            ),
            submit="Correct address",
            form_class=AddressForm,
            facts=[("Name", booking.user.display_name), ("Address now", booking.user.email)],
            act=act,
            back=back,
        )

    def _explain(self, request: HttpRequest, booking: Booking, back: str) -> HttpResponse:
        """Say why the address cannot be changed here, and offer to write to its owner."""

        def act() -> str:
            operations.send_tickets_again(
                event_id=booking.event_id, booking_id=booking.pk, by_id=request.user.pk
            )
            return report_success(request, f"The tickets will go to {booking.user.email}.", back)

        reason = (
            "Its owner has confirmed this address"
            if booking.user.is_verified
            else "This account has a password, or is being deleted"
        )
        return confirmation_page(
            self,
            request,
            title="This address can only be changed by its owner",
            question=(
                f"{reason}, so it cannot be changed here: {booking.user.email}. The owner changes "
                "it on the account page; the booking and its tickets stay. If the seats are for "
                "another person, add a booking for them on the Attendees tab and cancel this one: "
                "both are notified."
            ),
            submit="Send the tickets to this address again",
            facts=[
                (
                    "Seats for another person",
                    format_html(
                        '<a class="ev-link" href="{}">Add a booking</a>',
                        event_page_url("add_booking", booking.event_id),
                    ),
                ),
            ],
            act=act,
            back=back,
        )

    def _booking_or_404(self, request: HttpRequest, object_id: str) -> Booking:
        booking: Booking | None = self.get_object(request, object_id)
        if booking is None:
            raise Http404
        return booking


def _page(booking_id: UUID) -> str:
    return reverse("admin:bookings_booking_change", args=[booking_id])


def _write_url(event_id: UUID, references: list[str]) -> str:
    """Return the form of a message to the attendees of these bookings."""
    return f"{event_page_url('write', event_id)}?bookings={','.join(references)}"
