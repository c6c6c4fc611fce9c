"""The base of admins of an event's rows: read-only lists, limited to events the user manages."""

from typing import Any

from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase

from evently.admin.switches import SwitchedAdmin
from evently.admin.tabs import add_page, tabs_context
from evently.audit.admin import StampedAdmin
from events.models import Event


def event_of_list(request: HttpRequest) -> Event | None:
    """Return the event whose rows are listed, or None in a list of all events' rows."""
    event: Event | None = getattr(request, "listed_event", None)
    return event


def add_list(tab: str, key: str, title: str, model: type[Model], *, rank: int = 0) -> None:
    """Add the list of an event's rows to its tabs; see `evently.admin.tabs.add_page`."""

    def view(request: HttpRequest, event: Event) -> HttpResponse:
        request.listed_event = event  # type: ignore[attr-defined]
        rows: EventRowsAdmin = admin.site.get_model_admin(model)  # type: ignore[assignment]
        return rows.changelist_view(request)

    add_page(tab, key, title, view=view, rank=rank)


class EventRowsAdmin(SwitchedAdmin, StampedAdmin):
    """Rows of events: read-only, changed by actions that call operations.

    tab: the key of its page among the tabs of an event (`add_list`). heading: its subtitle there.
    """

    tab = ""
    heading = ""
    list_before_template = "admin/list_above.html"
    change_form_outer_before_template = "admin/event_tabs.html"
    list_per_page = 50
    list_fullwidth = True

    def source(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        """Return where the rows are read from; rows: all of the model, in their order."""
        return rows

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows = self.source(super().get_queryset(request)).select_related("event")
        event = event_of_list(request)
        if event is not None:
            return rows.filter(event_id=event.pk)
        if request.user.is_superuser:
            return rows
        return rows.filter(event_id__in=Event.objects.managed_by(request.user).values("pk"))

    def get_list_display(self, request: HttpRequest) -> list[str]:
        """Leave out the column of the event in a list of one event."""
        columns = list(super().get_list_display(request))
        if event_of_list(request) is not None:
            columns = [name for name in columns if name != "event"]
        return columns

    def get_sortable_by(self, request: HttpRequest) -> Any:
        """Sort the rows of one event by any column."""
        if event_of_list(request) is not None:
            return self.get_list_display(request)
        return super().get_sortable_by(request)

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show the tabs of the event above a list of its rows."""
        extra: dict[str, Any] = dict(extra_context or {})
        event = event_of_list(request)
        if event is not None:
            extra |= tabs_context(event, current=self.tab)
            extra |= {"title": event.name, "subtitle": self.heading}
            extra["list_links"] = self.list_links(event)
        return super().changelist_view(request, extra)

    def list_links(self, event: Event) -> list[tuple[str, str]]:
        """Return what can be done from the list of an event's rows, as pairs of label and URL."""
        return []

    def response_action(
        self, request: HttpRequest, queryset: QuerySet[Any]
    ) -> HttpResponseBase | None:
        """Refuse an action on malformed ids, on which Django would fail."""
        try:
            return super().response_action(request, queryset)
        except ValidationError:
            self.message_user(request, "Select rows from this list.", level="error")
            return HttpResponseRedirect(request.get_full_path())

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show the tabs of the event above one of its rows."""
        extra: dict[str, Any] = dict(extra_context or {})
        row = self.get_object(request, object_id) if object_id else None
        if row is not None and row.event is not None:
            extra |= tabs_context(row.event, current=self.tab)
        return super().changeform_view(request, object_id, form_url, extra)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.admin_site.has_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return self.admin_site.has_permission(request)

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False
