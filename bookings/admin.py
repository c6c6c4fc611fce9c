"""Bookings and booking attempts in the admin."""

from typing import Any

from django.contrib import admin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.decorators import action, display
from unfold.enums import ActionVariant

from bookings import operations
from bookings.models import AttemptResult, Booking, BookingAttempt, BookingStatus
from evently.admin.cells import person, two_lines, when
from evently.admin.confirmation import ReasonForm, confirmation_page, report_success
from evently.admin.tabs import event_page_url
from evently.errors import DomainError
from evently.formatting import counted, money
from events.admin.people import PeopleRowsAdmin
from events.admin.rows import add_list

# Each booking is cancelled in its own transaction, within one request.
CANCELLED_AT_ONCE = 100
# Where a booking attempt came from.
ORIGIN_COLUMNS = frozenset({"ip_address", "user_agent"})


@admin.register(Booking)
class BookingAdmin(PeopleRowsAdmin):
    tab, heading = "attendees", "Attendees"
    list_display = ("reference", "event", "attendee", "seats", "state", "booked", "cancel_link")
    list_filter = ("status", "created_at")
    search_help_text = "Reference, name or email address"
    ordering = ("-created_at", "-id")
    actions = ("cancel_selected",)
    actions_detail = ("cancel_this",)
    fields = (
        "reference",
        "event",
        "attendee",
        ("quantity", "price", "amount"),
        ("state", "booked"),
        ("cancelled", "cancel_reason"),
    )
    readonly_fields = (
        "reference",
        "event",
        "attendee",
        "quantity",
        "price",
        "amount",
        "state",
        "booked",
        "cancelled",
        "cancel_reason",
    )

    def matching(self, request: HttpRequest, rows: QuerySet[Any], term: str) -> Q:
        """Also match part of the reference."""
        return super().matching(request, rows, term) | Q(booking_reference__icontains=term)

    # ── Columns ─────────────────────────────────────────────────────────────
    @display(description="Reference", ordering="booking_reference")
    def reference(self, booking: Booking) -> str:
        return booking.booking_reference

    @display(description="Attendee")
    def attendee(self, booking: Booking) -> SafeString | str:
        return person(booking.user)

    @display(description="Seats", ordering="quantity")
    def seats(self, booking: Booking) -> SafeString:
        return two_lines(counted(booking.quantity, "seat"), self.amount(booking))

    @display(description="Price per seat")
    def price(self, booking: Booking) -> str:
        return money(booking.unit_price, booking.event.currency)

    @display(description="Amount", ordering="total_amount")
    def amount(self, booking: Booking) -> str:
        return money(booking.total_amount, booking.event.currency)

    @display(
        description="Status",
        ordering="status",
        label={"Confirmed": "success", "Pending": "warning", "Cancelled": "danger"},
    )
    def state(self, booking: Booking) -> str:
        return BookingStatus(booking.status).label

    @display(description="Booked", ordering="created_at")
    def booked(self, booking: Booking) -> SafeString:
        return when(booking.created_at, booking.event.zone)

    @display(description="Cancelled")
    def cancelled(self, booking: Booking) -> SafeString:
        return when(booking.cancelled_at, booking.event.zone)

    @display(description="Action")
    def cancel_link(self, booking: Booking) -> SafeString | str:
        if booking.is_cancelled:
            return "–"
        return format_html(
            '<a class="ev-link" href="{}" aria-label="Cancel {}">Cancel</a>',
            reverse("admin:bookings_booking_cancel_this", args=[booking.pk]),
            booking.booking_reference,
        )

    # ── Cancelling ──────────────────────────────────────────────────────────
    @admin.action(description="Cancel selected bookings…")
    def cancel_selected(
        self, request: HttpRequest, queryset: QuerySet[Booking]
    ) -> HttpResponse | None:
        """Ask for a reason, then cancel each booking in its own transaction."""
        active = list(queryset.exclude(status=BookingStatus.CANCELLED)[: CANCELLED_AT_ONCE + 1])
        if not active:
            self.message_user(request, "These bookings have already been cancelled.", level="error")
            return None
        if len(active) > CANCELLED_AT_ONCE:
            self.message_user(
                request,
                f"Select up to {CANCELLED_AT_ONCE} bookings at once. "
                "To cancel all bookings of an event, cancel the event.",
                level="error",
            )
            return None
        return self._ask_to_cancel(
            request,
            active,
            back=request.get_full_path(),
            hidden=[
                ("action", "cancel_selected"),
                *((ACTION_CHECKBOX_NAME, str(booking.pk)) for booking in active),
            ],
        )

    @action(
        description="Cancel booking", url_path="cancel", icon="block", variant=ActionVariant.DANGER
    )
    def cancel_this(self, request: HttpRequest, object_id: str) -> HttpResponse:
        booking = self.get_object(request, object_id)
        if booking is None:
            raise Http404
        back = event_page_url("attendees", booking.event_id)
        return self._ask_to_cancel(request, [booking], back=back)

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[Any]:
        """Leave out cancelling where the booking is already cancelled."""
        booking = self.get_object(request, object_id)
        if booking is None or booking.is_cancelled:
            return []
        return super().get_actions_detail(request, object_id)

    def _ask_to_cancel(
        self,
        request: HttpRequest,
        bookings: list[Booking],
        *,
        back: str,
        hidden: list[tuple[str, str]] | None = None,
    ) -> HttpResponse:
        seats = sum(booking.quantity for booking in bookings)

        def act(reason: str) -> str:
            cancelled = len(bookings) - self._cancel(request, bookings, reason)
            if not cancelled:
                return back
            return report_success(request, f"{counted(cancelled, 'booking')} cancelled.", back)

        facts = [
            (
                booking.booking_reference,
                f"{booking.user.display_name}, {counted(booking.quantity, 'seat')}",
            )
            for booking in bookings[:10]
        ]
        if len(bookings) > len(facts):
            facts.append(("…", f"and {len(bookings) - len(facts)} more"))
        what = (
            bookings[0].booking_reference
            if len(bookings) == 1
            else counted(len(bookings), "booking")
        )
        return confirmation_page(
            self,
            request,
            title=f"Cancel {what}?",
            question=(
                f"Frees {counted(seats, 'seat')}. This cannot be undone. "
                f"{'The attendee is' if len(bookings) == 1 else 'Attendees are'} sent a message "
                "with your reason, by the channels they have chosen."
            ),
            submit="Cancel booking" if len(bookings) == 1 else "Cancel bookings",
            form_class=ReasonForm,
            facts=facts,
            hidden=hidden or [],
            act=act,
            back=back,
            danger=True,
        )

    def _cancel(self, request: HttpRequest, bookings: list[Booking], reason: str) -> int:
        """Cancel bookings one by one, report those refused, and return how many those were."""
        refused = 0
        for booking in bookings:
            try:
                operations.cancel_booking(
                    event_id=booking.event_id,
                    booking_id=booking.pk,
                    by=operations.Canceller.ORGANIZER,
                    reason=reason,
                )
            except DomainError as refusal:
                refused += 1
                self.message_user(request, f"{booking}: {refusal.text}", level="error")
        return refused


@admin.register(BookingAttempt)
class BookingAttemptAdmin(PeopleRowsAdmin):
    """Every attempt to book, successful or refused, as a measure of demand.

    Only superusers see IP addresses and user agents, which they may need against abuse.
    """

    tab, heading = "attempts", "Booking attempts"
    list_display = (
        "attempted",
        "event",
        "attendee",
        "quantity",
        "outcome",
        "origin",
    )
    list_display_links = None
    fields = ("attempted", "event", "attendee", "quantity", "outcome", "origin")
    readonly_fields = fields
    list_filter = ("result", "attempted_at")
    search_help_text = "Outcome, name or email address"
    ordering = ("-attempted_at", "-id")

    def get_list_display(self, request: HttpRequest) -> list[str]:
        """Leave out the origin for organizers."""
        columns = super().get_list_display(request)
        return columns if request.user.is_superuser else [c for c in columns if c != "origin"]

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        """Leave out the origin for organizers."""
        fields = list(super().get_fields(request, obj))
        return fields if request.user.is_superuser else [f for f in fields if f != "origin"]

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest) -> bool:
        """Refuse filters in the URL by columns that organizers do not see."""
        column = lookup.partition("__")[0]
        if column in ORIGIN_COLUMNS and not request.user.is_superuser:
            return False
        return super().lookup_allowed(lookup, value, request)

    def matching(self, request: HttpRequest, rows: QuerySet[Any], term: str) -> Q:
        """Also match the reason of a refusal, as displayed or as stored."""
        reason = term.lower().replace(" ", "_")
        return super().matching(request, rows, term) | Q(failure_reason__contains=reason)

    @display(description="When", ordering="attempted_at")
    def attempted(self, attempt: BookingAttempt) -> SafeString:
        return when(attempt.attempted_at, attempt.event.zone)

    @display(description="Attendee")
    def attendee(self, attempt: BookingAttempt) -> SafeString | str:
        return person(attempt.user)

    @display(description="Outcome", label={"booked": "success", "refused": "danger"})
    def outcome(self, attempt: BookingAttempt) -> tuple[str, str]:
        if attempt.result == AttemptResult.SUCCESS:
            return "booked", "booked"
        return "refused", (attempt.failure_reason or "").replace("_", " ")

    @display(description="From")
    def origin(self, attempt: BookingAttempt) -> SafeString:
        """Show IP address and user agent."""
        return two_lines(attempt.ip_address or "–", attempt.user_agent[:60])


add_list("Attendees", "attendees", "Attendees", Booking)
add_list("Activity", "attempts", "Booking attempts", BookingAttempt, rank=20)
