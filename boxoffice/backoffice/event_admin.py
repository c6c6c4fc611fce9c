"""The event admin, complete: bookings and waitlist figures, cancelling and deleting.

It extends the event admin of the events app, which cannot import bookings or waitlists.
"""

from typing import Any

from django.contrib import admin
from django.db import connection
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.safestring import SafeString
from unfold.decorators import action, display
from unfold.enums import ActionVariant

from bookings.models import Booking
from boxoffice.backoffice.analytics import with_seats
from boxoffice.backoffice.bulk import BulkActions
from boxoffice.backoffice.consequences import Consequences, change_and_count
from boxoffice.backoffice.series import series_page
from boxoffice.lifecycle import operations
from evently.admin.cells import two_lines
from evently.admin.confirmation import (
    NOTIFY,
    Choice,
    ReasonForm,
    Unconfirmed,
    confirmation_page,
    report_success,
    review_page,
)
from evently.admin.tabs import tabs_context
from evently.audit.context import acting, stamp
from evently.formatting import counted, span
from events.admin import EventAdminBase, cells
from events.admin.events import current_user_id, overview_url
from events.admin.forms import EventForm
from events.models import Event
from notifications.queries import count_of_event, user_ids_of_event

# The value of NOTIFY that notifies attendees.
NOTIFIED = "yes"


@admin.register(Event)
class EventAdmin(BulkActions, EventAdminBase):
    list_display = ("named", "starts", "state", "seats", "price", "waitlist")
    # The entries that wait are counted for the events of a page only.
    sorted_by = ("named", "starts", "seats", "price")
    actions_detail = (
        "publish",
        "view_on_site_now",
        "copy",
        "repeat",
        "cancel_event",
        "delete_event",
    )

    actions = ("publish_selected", "shift_selected", "cancel_selected")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Event]:
        return with_seats(super().get_queryset(request))

    # ── Columns ─────────────────────────────────────────────────────────────
    @display(description="Seats", ordering="available_seats")
    def seats(self, event: Any) -> SafeString:
        return cells.seats_bar(
            total=event.total_capacity, booked=event.booked_seats, held=event.held_seats
        )

    @display(description="Waitlist", ordering="waiting_entries")
    def waitlist(self, event: Any) -> SafeString | str:
        """Show how many entries are waiting, and for how many seats."""
        if not event.waiting_entries:
            return "–"
        return two_lines(event.waiting_entries, f"for {counted(event.waiting_seats, 'seat')}")

    # ── Saving ──────────────────────────────────────────────────────────────
    def save_changes(self, request: HttpRequest, event: Event, form: EventForm) -> None:
        """Ask first where the change affects other people, and say afterwards what happened."""
        answer = request.POST.get(NOTIFY)
        notify = None if answer is None else answer == NOTIFIED
        with acting(price_reason=form.cleaned_data["price_reason"]):
            stamp(connection)
            consequences = change_and_count(
                event_id=event.pk,
                version=form.cleaned_data["version"] or 0,
                notify=notify,
                changes=form.changes,
            )
        if notify is None and consequences.need_confirmation:
            raise Unconfirmed(consequences)
        request.outcome = consequences.outcome(notified=bool(notify))  # type: ignore[attr-defined]

    def review(self, request: HttpRequest, review: Unconfirmed) -> HttpResponse:
        consequences: Consequences = review.consequences
        event = consequences.event
        given = request.POST.get("price_reason", "").strip()
        reason = [("Reason for the new price", given)] if given else []
        choices = [Choice("no", "Save")]
        if consequences.people:
            who = counted(consequences.people, "person", "people")
            choices = [
                Choice(NOTIFIED, f"Save and notify {who}"),
                Choice("no", "Save without notifying"),
            ]
        return review_page(
            self,
            request,
            title=f"Save the changes of {event.name}?",
            question=consequences.question,
            differences=consequences.differences,
            facts=[*consequences.facts, *reason],
            warnings=[*consequences.notes, *consequences.warnings],
            choices=choices,
            context=tabs_context(event, current="settings"),
        )

    def response_change(self, request: HttpRequest, obj: Any) -> HttpResponse:
        """Add a sentence on who is notified and what is offered."""
        response: HttpResponse = super().response_change(request, obj)
        outcome = getattr(request, "outcome", "")
        if outcome:
            self.message_user(request, outcome)
        return response

    @action(description="Repeat", url_path="repeat", icon="event_repeat")
    def repeat(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Copy an event to other dates."""
        event = self.event_or_404(request, object_id)
        return series_page(self, request, event, by_id=current_user_id(request))

    # ── Cancelling and deleting ─────────────────────────────────────────────
    def unavailable_actions(self, event: Event) -> set[str]:
        """Add cancelling, or deleting, which is for events without bookings."""
        unavailable = super().unavailable_actions(event)
        has_bookings = Booking.objects.with_archived().filter(event_id=event.pk).exists()
        # One that is no longer published may have a waitlist.
        concerns_no_one = not (
            event.is_published or has_bookings or user_ids_of_event(event_id=event.pk, most=1)
        )
        if not event.is_active or concerns_no_one:
            unavailable.add("cancel_event")
        if has_bookings:
            unavailable.add("delete_event")
        return unavailable

    @action(
        description="Cancel event",
        url_path="cancel",
        icon="event_busy",
        variant=ActionVariant.DANGER,
    )
    def cancel_event(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Cancel an event with a reason; its bookings follow in the background."""
        event = self.event_or_404(request, object_id)
        figures: Any = with_seats(Event.objects.filter(pk=event.pk)).get()
        bookings = Booking.objects.holding_seats().filter(event_id=event.pk).count()

        def act(reason: str) -> str:
            operations.cancel_event(event_id=event.pk, reason=reason, version=event.version)
            return report_success(
                request,
                f"{event.name} is cancelled. "
                "Its bookings and waitlist are being cancelled in the background.",
                overview_url(event),
            )

        return confirmation_page(
            self,
            request,
            title=f"Cancel {event.name}?",
            question=(
                "Sales stop at once. All bookings and waitlist entries are cancelled, and "
                "everyone affected is notified with your reason. This cannot be undone."
            ),
            submit="Cancel the event",
            version=event.version,
            form_class=ReasonForm,
            facts=[
                ("When", span(event.event_date, event.ends_at, event.zone)),
                (
                    "Bookings to be cancelled",
                    f"{bookings:,} ({counted(figures.booked_seats, 'seat')})",
                ),
                ("Open offers to be withdrawn", counted(figures.held_seats, "seat")),
                ("Waitlist entries to be closed", f"{figures.waiting_entries:,}"),
                ("People to be notified", f"{count_of_event(event_id=event.pk):,}"),
            ],
            act=act,
            back=overview_url(event),
            danger=True,
            context=tabs_context(event, current="overview"),
        )

    @action(description="Delete", url_path="remove", icon="delete", variant=ActionVariant.DANGER)
    def delete_event(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Delete an event that was never booked."""
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
                "The event is deleted permanently, with its waitlist, price history and booking "
                "attempts. Only an event without any bookings can be deleted, and only once no one "
                "is on its waitlist: if it is cancelled, they are notified."
            ),
            submit="Delete",
            act=act,
            back=overview_url(event),
            danger=True,
            context=tabs_context(event, current="overview"),
        )
