"""The notifications of all users in the admin, for superusers."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.timezone import get_current_timezone
from unfold.decorators import display

from evently.accounts.finding import find_people
from evently.accounts.models import User
from evently.admin.cells import person, when
from notifications.admin.templates import ReadOnly
from notifications.kinds import KIND_CHOICES
from notifications.models import Notification

LABELS = dict(KIND_CHOICES)
STATUS_COLORS = {
    "Pending": "info",
    "Sent": "success",
    "Delivered": "success",
    "Failed": "danger",
}


class OfUserAdmin(ReadOnly):
    """Rows of one user each, found by the user's name or email address."""

    # Django shows the search only where there is a field.
    search_fields = ("user__email_digest",)
    search_help_text = "Name or email address"
    sorted_by = ("created",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Load the users' keys along, so that a page needs the same queries for 1 and for 50."""
        return super().get_queryset(request).select_related("user__person_key")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Search by the full email address, or by words of name and email address."""
        term = search_term.strip()
        if not term:
            return queryset, False
        if "@" in term and (exact := User.objects.with_address(term)).exists():
            return queryset.filter(user__in=exact), False
        return queryset.filter(user__in=find_people(User.objects.all(), term)), False

    @display(description="When", ordering="id")
    def created(self, obj: Any) -> SafeString:
        return when(obj.created_at, get_current_timezone())

    @display(description="status", ordering="status", label=STATUS_COLORS)
    def status_label(self, obj: Any) -> str:
        return str(obj.get_status_display())


class KindFilter(admin.SimpleListFilter):
    title = "type"
    parameter_name = "type__exact"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return KIND_CHOICES

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[Notification]
    ) -> QuerySet[Notification]:
        return queryset.filter(type=self.value()) if self.value() else queryset


@admin.register(Notification)
class NotificationAdmin(OfUserAdmin):
    list_display = ("created", "recipient", "kind", "message", "status_label", "read")
    list_filter = ("status", KindFilter, "read", "created_at")
    # Ids are ordered by time, and have an index.
    ordering = ("-id",)
    fields = (
        "id",
        "recipient",
        "event_id",
        "kind",
        "message",
        "channels",
        "status",
        "sent_at",
        "delivered_at",
        "read",
        "created_at",
    )
    readonly_fields = fields

    @display(description="Recipient")
    def recipient(self, obj: Notification) -> SafeString | str:
        return person(obj.user)

    @display(description="type", ordering="type")
    def kind(self, obj: Notification) -> str:
        return LABELS.get(obj.type, obj.type)
