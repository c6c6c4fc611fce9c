"""What admins of an event's rows share: whose are seen, and that nothing is edited in place."""

from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase

from evently.admin.tabs import tabs_context
from evently.audit.admin import StampedAdmin
from events.models import Event


def is_organizer(request: HttpRequest) -> bool:
    """Tell whether somebody organizes events, or runs the site."""
    return bool(request.user.is_active and request.user.is_staff)


def event_of_list(request: HttpRequest) -> Event | None:
    """Return the event whose rows a list is narrowed to, if the user may manage it."""
    try:
        event_id = UUID(request.GET.get("event__id__exact", ""))
    except ValueError:
        return None
    return Event.objects.managed_by(request.user).filter(pk=event_id).first()


class EventRowsAdmin(StampedAdmin):
    """Rows of events that somebody organizes: to look at, and to act on through operations.

    tab: the key of their page among those of an event. heading: what they are called there.
    """

    tab = ""
    heading = ""
    list_before_template = "admin/event_tabs.html"
    change_form_outer_before_template = "admin/event_tabs.html"
    list_per_page = 50
    list_fullwidth = True

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Keep to the events that the person organizes."""
        rows = super().get_queryset(request).select_related("event")
        if request.user.is_superuser:
            return rows
        return rows.filter(event_id__in=Event.objects.managed_by(request.user).values("pk"))

    def get_list_display(self, request: HttpRequest) -> list[str]:
        """Leave the event out where the list is about one."""
        columns = list(super().get_list_display(request))
        if "event__id__exact" in request.GET:
            columns = [name for name in columns if name != "event"]
        return columns

    def get_list_filter(self, request: HttpRequest) -> list[Any]:
        """Let the links of an event's page narrow the list, without a filter for it."""
        return list(super().get_list_filter(request))

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show the pages about the event above its rows."""
        extra: dict[str, Any] = dict(extra_context or {})
        event = event_of_list(request)
        if event is not None:
            extra |= tabs_context(event, current=self.tab)
            extra |= {"title": event.name, "subtitle": self.heading}
        return super().changelist_view(request, extra)

    def response_action(
        self, request: HttpRequest, queryset: QuerySet[Any]
    ) -> HttpResponseBase | None:
        """Refuse an action on rows whose ids are none, which Django does not."""
        try:
            return super().response_action(request, queryset)
        except ValidationError:
            self.message_user(request, "Select rows of this list.", level="error")
            return HttpResponseRedirect(request.get_full_path())

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show the pages about the event above its row."""
        extra: dict[str, Any] = dict(extra_context or {})
        row = self.get_object(request, object_id) if object_id else None
        if row is not None:
            extra |= tabs_context(row.event, current=self.tab)
        return super().changeform_view(request, object_id, form_url, extra)

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Allow organizers."""
        return is_organizer(request)

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Allow organizers; the rows they see are those of their events."""
        return is_organizer(request)

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Refuse: rows come from what people do."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Refuse: what may be done to a row is an action with a name."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Refuse: the books are kept."""
        return False
