"""Bookings in the admin: the attendees of an event, and one booking."""

from typing import Any

from django.contrib import admin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db.models import Q, QuerySet
from django.db.models.expressions import RawSQL
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.decorators import action, display
from unfold.enums import ActionVariant

from bookings import operations
from bookings.admin.answers import AnswerFilter
from bookings.attendance_queries import attendance_of
from bookings.attendees import by_name
from bookings.mailboxes import people_sharing, shared_mailbox
from bookings.models import HOLDING_SEATS, Booking, BookingStatus
from bookings.presenters.attendance import short_answer
from bookings.queries import Sums, sums_of_event
from bookings.references import beginning_with, is_reference
from evently.admin.cells import person, two_lines, when
from evently.admin.confirmation import ReasonForm, confirmation_page, report_success
from evently.admin.lists import MOST_COUNTED, estimated_rows
from evently.admin.switches import Switch
from evently.admin.tabs import event_page_url, page_links, tabs_context
from evently.errors import DomainError
from evently.formatting import counted, money
from events.admin.people import PeopleRowsAdmin
from events.admin.rows import add_list, event_of_list
from events.models import Event

# Each booking is cancelled in its own transaction, within one request.
CANCELLED_AT_ONCE = 100


class ShownFilter(Switch):
    title = "bookings"
    options = (("attending", "Attending"), ("cancelled", "Cancelled"), ("all", "All"))

    def conditions(self) -> dict[str, Q]:
        return {
            "attending": Q(status__in=HOLDING_SEATS),
            "cancelled": Q(status=BookingStatus.CANCELLED),
        }


@admin.register(Booking)
class BookingAdmin(PeopleRowsAdmin):
    tab, heading = "attendees", "Attendees"
    list_display = ("reference", "event", "attendee", "seats", "state", "booked", "cancel_link")
    list_filter = (ShownFilter, AnswerFilter, "created_at")
    search_help_text = "Reference (EVT…), name or email address"
    ordering = ("-created_at", "-id")
    sorted_by = ("reference", "booked")
    actions: tuple[str, ...] = ("cancel_selected",)
    actions_detail: tuple[str, ...] = ("cancel_this",)
    fields = (
        "reference",
        "event",
        "attendee",
        ("quantity", "price", "amount"),
        ("state", "booked"),
        ("cancelled", "cancel_reason"),
        "still_coming",
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
        "still_coming",
    )

    def get_ordering(self, request: HttpRequest) -> Any:
        """Sort the attendees of an event from A to Z, and all bookings by time."""
        event = event_of_list(request)
        if event is None:
            return self.ordering
        # Django asks several times for each page.
        ordering = getattr(request, "attendees_by_name", None)
        if ordering is None:
            ordering = [by_name(event.pk), "created_at", "id"]
            request.attendees_by_name = ordering  # type: ignore[attr-defined]
        return ordering

    def source(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        """Read archived bookings, too; `archived_at` tells which these are."""
        archived_at = RawSQL('"bookings"."archived_at"', [])
        return rows.with_archived().annotate(archived_at=archived_at)  # type: ignore[attr-defined]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        attending = Booking.objects.holding_seats()
        return super().get_queryset(request).annotate(same_mailbox=people_sharing(attending))

    def list_links(self, event: Event) -> list[tuple[str, str]]:
        """Link to the pages of the tab that are not listed among its pages."""
        return page_links("Attendees", event.pk)

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Say how many seats the attendees of the event have."""
        extra = dict(extra_context or {})
        event = event_of_list(request)
        if event is not None:
            sums = sums_of_event(event.pk)
            held = sum((sums[status] for status in HOLDING_SEATS), Sums())
            extra["list_summary"] = (
                f"{counted(held.bookings, 'booking')}, {counted(held.seats, 'seat')}"
            )
        return super().changelist_view(request, extra)

    def matching(self, request: HttpRequest, rows: QuerySet[Any], term: str) -> Q:
        """Also match a reference from its beginning; in a short list, any part of one."""
        if is_reference(term):
            return beginning_with(term)
        found = super().matching(request, rows, term)
        is_short = event_of_list(request) is not None or not request.user.is_superuser
        if is_short or estimated_rows(Booking) <= MOST_COUNTED:
            found |= Q(booking_reference__icontains=term)
        return found

    # ── Columns ─────────────────────────────────────────────────────────────
    @display(description="Reference", ordering="booking_reference")
    def reference(self, booking: Booking) -> str:
        return booking.booking_reference

    @display(description="Attendee")
    def attendee(self, booking: Booking) -> SafeString | str:
        others: int = vars(booking).get("same_mailbox", 0)
        return person(booking.user, shared_mailbox(others))

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

    @display(description="Still coming")
    def still_coming(self, booking: Booking) -> str:
        check = attendance_of([booking]).get(booking.pk)
        return short_answer(booking, check) or "Not asked"

    @display(description="Action")
    def cancel_link(self, booking: Booking) -> SafeString | str:
        if not _can_be_cancelled(booking):
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
        if booking is None or not _can_be_cancelled(booking):
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
            context=_tabs_of(bookings),
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


def _can_be_cancelled(booking: Booking) -> bool:
    return not booking.is_cancelled and vars(booking).get("archived_at") is None


def _tabs_of(bookings: list[Booking]) -> dict[str, Any]:
    """Return the tabs of the event that all these bookings are for; of several events, none."""
    if len({booking.event_id for booking in bookings}) > 1:
        return {}
    return tabs_context(bookings[0].event, current="attendees")


add_list("Attendees", "attendees", "Attendees", Booking)
