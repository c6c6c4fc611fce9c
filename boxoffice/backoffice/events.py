"""Events in the admin, whole: with bookings, the line, and what ends an event."""

from typing import Any

from django.contrib import admin
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.safestring import SafeString
from unfold.decorators import action, display
from unfold.enums import ActionVariant

from bookings.models import HOLDING_SEATS, Booking, BookingStatus
from boxoffice.backoffice.figures import with_revenue, with_seats
from boxoffice.lifecycle import operations
from evently.admin.cells import two_lines
from evently.admin.confirmation import ReasonForm, confirmation_page, report_success
from evently.formatting import counted, moment, money
from events.admin import HistoryMixin, cells
from events.admin.events import change_url
from events.models import Event, EventStatus
from waitlists.models import OPEN_STATUSES, WaitlistEntry


@admin.register(Event)
class EventAdmin(HistoryMixin):
    """The events that somebody organizes."""

    list_display = ("named", "starts", "state", "seats", "price", "waiting_column")
    actions_detail = ("publish", "view_on_site_now", "copy", "cancel_event", "delete_event")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Event]:
        """Bring seats and the line along, each summed by itself."""
        return with_seats(super().get_queryset(request))

    # ── Columns ─────────────────────────────────────────────────────────────
    @display(description="Seats", ordering="available_seats")
    def seats(self, event: Any) -> SafeString:
        """Draw booked, held and free seats."""
        return cells.seats_bar(total=event.total_capacity, booked=event.booked, held=event.held)

    @display(description="Waiting", ordering="in_line")
    def waiting_column(self, event: Any) -> SafeString | str:
        """Show how many wait, and for how many seats."""
        if not event.in_line:
            return "–"
        return two_lines(event.in_line, f"for {counted(event.waiting, 'seat')}")

    # ── Above the form ──────────────────────────────────────────────────────
    def overview(self, request: HttpRequest, event: Event) -> dict[str, Any]:
        """Add seats, money, the line, and how far a cancellation is."""
        figures: Any = with_revenue(with_seats(Event.objects.filter(pk=event.pk))).get()
        context = super().overview(request, event)
        context |= {
            "figures": figures,
            "bar": cells.seats_bar(
                total=figures.total_capacity, booked=figures.booked, held=figures.held
            ),
            "revenue": money(figures.revenue, event.currency),
        }
        if event.status == EventStatus.CANCELLED:
            context["cancellation"] = _progress(event)
        return context

    # ── Ending an event ─────────────────────────────────────────────────────
    def impossible(self, event: Event) -> set[str]:
        """Offer no cancellation of what is over, no deletion of what somebody booked."""
        hidden = super().impossible(event)
        booked = Booking.objects.filter(event_id=event.pk).exists()
        if event.status != EventStatus.ACTIVE or not (event.is_published or booked):
            hidden.add("cancel_event")
        if booked:
            hidden.add("delete_event")
        return hidden

    @action(
        description="Cancel event",
        url_path="cancel",
        icon="event_busy",
        variant=ActionVariant.DANGER,
    )
    def cancel_event(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask for a reason, with what it will do; the rest happens in the background."""
        event = self.event_or_404(request, object_id)
        figures: Any = with_seats(Event.objects.filter(pk=event.pk)).get()
        bookings = Booking.objects.holding_seats().filter(event_id=event.pk).count()

        def act(reason: str) -> str:
            operations.cancel_event(event_id=event.pk, reason=reason)
            return report_success(
                request,
                f"{event.name} is cancelled. Its bookings and its line follow in the background.",
                change_url(event),
            )

        return confirmation_page(
            self,
            request,
            title=f"Cancel {event.name}?",
            question=(
                "From that moment nobody can book. All bookings and places in line are cancelled, "
                "and everybody is told, with your reason. This cannot be undone."
            ),
            submit="Cancel the event",
            form_class=ReasonForm,
            facts=[
                ("Starts", moment(event.event_date, event.zone)),
                (
                    "Bookings that will be cancelled",
                    f"{bookings:,} ({counted(figures.booked, 'seat')})",
                ),
                ("Open offers that end", counted(figures.held, "seat")),
                ("People in line who are told", f"{figures.in_line:,}"),
            ],
            act=act,
            back=change_url(event),
            danger=True,
        )

    @action(description="Delete", url_path="remove", icon="delete", variant=ActionVariant.DANGER)
    def delete_event(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask, then delete an event that nobody booked."""
        event = self.event_or_404(request, object_id)

        def act() -> str:
            operations.delete_event(event_id=event.pk)
            return report_success(
                request, f"{event.name} is deleted.", reverse("admin:events_event_changelist")
            )

        return confirmation_page(
            self,
            request,
            title=f"Delete {event.name}?",
            question=(
                "The event goes for good, with its line, its price history and the attempts to "
                "book it. Only an event that nobody ever booked can be deleted."
            ),
            submit="Delete",
            act=act,
            back=change_url(event),
            danger=True,
        )


def _progress(event: Event) -> dict[str, Any]:
    """Return how far the cancellation of an event is; counted, not stored."""
    bookings = Booking.objects.filter(event_id=event.pk).aggregate(
        left=Count("pk", filter=Q(status__in=HOLDING_SEATS)),
        done=Count("pk", filter=Q(status=BookingStatus.CANCELLED)),
    )
    line = WaitlistEntry.objects.filter(event_id=event.pk).aggregate(
        left=Count("pk", filter=Q(status__in=OPEN_STATUSES)),
        done=Count("pk", filter=~Q(status__in=OPEN_STATUSES)),
    )
    left, done = bookings["left"] + line["left"], bookings["done"] + line["done"]
    return {
        "reason": event.cancel_reason,
        "bookings": bookings,
        "line": line,
        "left": left,
        "percent": round(100 * done / (left + done)) if left + done else 100,
    }
