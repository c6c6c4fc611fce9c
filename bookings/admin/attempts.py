"""Booking attempts in the admin."""

from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from unfold.decorators import display

from bookings.models import AttemptResult, BookingAttempt
from evently.admin.cells import person, two_lines, when
from events.admin.people import PeopleRowsAdmin
from events.admin.rows import add_list

# Where a booking attempt came from.
ORIGIN_COLUMNS = frozenset({"ip_address", "user_agent"})


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
    # Ids are ordered by time, and have an index.
    ordering = ("-id",)
    sorted_by = ("attempted",)

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
        refused = Q(result=AttemptResult.FAILED, failure_reason__contains=reason)
        return super().matching(request, rows, term) | refused

    @display(description="When", ordering="id")
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


add_list("Activity", "attempts", "Booking attempts", BookingAttempt, rank=20)
