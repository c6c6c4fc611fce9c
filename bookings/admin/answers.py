"""The list of bookings by whether their attendees are still coming."""

from typing import Any

from django.contrib.admin import ModelAdmin, SimpleListFilter
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import HttpRequest

from bookings.models import HOLDING_SEATS, AttendanceCheck, Booking, Canceller
from events.admin.rows import event_of_list


class AnswerFilter(SimpleListFilter):
    """What attendees said about the date that their event has; for events that ask."""

    title = "still coming"
    parameter_name = "answer"

    def lookups(
        self, request: HttpRequest, model_admin: "ModelAdmin[Any]"
    ) -> list[tuple[str, str]]:
        event = event_of_list(request)
        if event is not None and event.ask_days_before is None:
            return []
        return [
            ("coming", "Coming"),
            ("unanswered", "No answer"),
            ("given_back", "Gave all seats back"),
            ("returned", "Returned without an answer"),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Booking]) -> QuerySet[Booking]:
        checks = AttendanceCheck.objects.filter(
            booking_id=OuterRef("pk"),
            event_id=OuterRef("event_id"),
            event_date=OuterRef("event__event_date"),
        )
        answered = Exists(checks.filter(answered_at__isnull=False))
        holding = Q(status__in=HOLDING_SEATS)
        conditions = {
            "coming": holding & Q(answered),
            "unanswered": holding & Q(Exists(checks.filter(answered_at__isnull=True))),
            "given_back": ~holding & Q(Exists(checks)) & ~Q(cancelled_by=Canceller.UNANSWERED),
            "returned": Q(cancelled_by=Canceller.UNANSWERED),
        }
        condition = conditions.get(self.value() or "")
        return queryset if condition is None else queryset.filter(condition)
