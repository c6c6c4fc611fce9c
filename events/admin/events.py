"""The event admin as far as this app knows: list, form, history, publishing and copying."""

from functools import partial
from typing import Any, cast
from uuid import UUID

from django.contrib import messages
from django.contrib.admin.views.main import SEARCH_VAR, ChangeList
from django.db import connection
from django.db.models import Case, F, QuerySet, When
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.utils.safestring import SafeString
from unfold.decorators import action, display
from unfold.enums import ActionVariant

from evently.admin.cells import lasts, two_lines, when
from evently.admin.confirmation import (
    BACK,
    Unconfirmed,
    confirmation_page,
    report_success,
)
from evently.admin.lists import MOST_COUNTED, estimated_rows
from evently.admin.switches import SwitchedAdmin
from evently.admin.tabs import EventPage, add_page, event_page_url, event_pages, tabs_context
from evently.audit.admin import StampedAdmin
from evently.audit.context import stamp
from evently.database.clock import now
from evently.database.functions import Clock
from evently.errors import DomainError
from evently.formatting import moment, span
from evently.time_zones import suggested_timezones
from events import operations
from events.admin import cells
from events.admin.filters import LocalDaysFilter, OrganizerFilter, ShownFilter
from events.admin.forms import EventForm
from events.admin.history import history_page
from events.admin.sections import CLOSED_SECTIONS, NEW_SECTIONS, SECTIONS
from events.models import Event, over_by
from events.sale import sales_of
from events.search.finding import matching


class EventAdminBase(SwitchedAdmin, StampedAdmin):
    """Events of the current user, saved through the operations with optimistic locking."""

    form = EventForm
    list_display: tuple[str, ...] = ("named", "starts", "state", "price")
    list_filter = (("event_date", LocalDaysFilter), ShownFilter, OrganizerFilter, "payment_mode")
    list_filter_submit = True
    list_before_template = "admin/switch.html"
    search_fields = ("name", "venue")
    search_help_text = "Words of name, venue or description"
    ordering = ("event_date", "id")
    list_per_page = 50
    list_fullwidth = True
    warn_unsaved_form = True
    actions_detail: tuple[str, ...] = ("publish", "copy", "view_on_site_now")
    change_form_outer_before_template = "admin/event_tabs.html"
    change_form_before_template = "admin/events/form_extras.html"
    fieldsets = SECTIONS
    closed_fieldsets = CLOSED_SECTIONS

    # ── Access ──────────────────────────────────────────────────────────────
    def get_queryset(self, request: HttpRequest) -> QuerySet[Event]:
        """Return the events of the current user; for superusers with the organizers' keys."""
        events = Event.objects.managed_by(request.user).order_by(*self.ordering)
        if request.user.is_superuser:
            events = events.select_related("created_by__person_key")
        return events

    def get_list_display(self, request: HttpRequest) -> list[str]:
        """Add the organizer for superusers, who see the events of all."""
        columns = list(super().get_list_display(request))
        if request.user.is_superuser:
            columns.insert(1, "organizer")
        return columns

    def row_url(self, row: Event) -> str:
        return overview_url(row)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.admin_site.has_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.admin_site.has_permission(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self.admin_site.has_permission(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Allow it until the event is cancelled or completed."""
        if isinstance(obj, Event) and not obj.is_active:
            return False
        return self.admin_site.has_permission(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse Django's own deletion; the action `delete_event` goes through the operation."""
        return False

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        if obj is not None and not self.has_change_permission(request, obj):
            return self.closed_fieldsets
        if obj is None:
            return NEW_SECTIONS
        return super().get_fieldsets(request, obj)

    def event_or_404(self, request: HttpRequest, object_id: str) -> Event:
        """Return an event that the current user manages; raises Http404."""
        try:
            event = self.get_queryset(request).filter(pk=UUID(object_id)).first()
        except ValueError:
            event = None
        if event is None:
            raise Http404
        return event

    def get_ordering(self, request: HttpRequest) -> list[Any]:
        """Sort upcoming events first, the next one on top; then past ones, the latest first.

        For superusers, whose list may be long, all events come newest first; so do events that a
        search finds among very many.
        """
        shown = ShownFilter.asked(request)
        if shown == "upcoming":
            return ["event_date", "id"]
        if shown == "past":
            return ["-event_date", "-id"]
        is_all = shown == "all" and request.user.is_superuser
        if is_all and (not request.GET.get(SEARCH_VAR) or estimated_rows(Event) > MOST_COUNTED):
            return ["-id"]
        upcoming = Case(When(~over_by(Clock()), then=F("event_date")))
        return [upcoming.asc(nulls_last=True), "-event_date", "id"]

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Event], search_term: str
    ) -> tuple[QuerySet[Event], bool]:
        """Search as the public pages do, among the events that the user manages."""
        if not search_term.strip():
            return queryset, False
        return matching(queryset, search_term, known=self.get_queryset(request)), False

    def get_urls(self) -> list[URLPattern]:
        """Add the pages of the tabs. The history is of the audit log: Django's own is not kept."""
        view = self.admin_site.admin_view(self.event_history)
        pages = [
            path(
                f"<path:object_id>/{page.key}/",
                self.admin_site.admin_view(partial(self.event_page, page=page)),
                name=f"event_{page.key}",
            )
            for page in event_pages()
            if page.view is not None
        ]
        return [
            path("<path:object_id>/trail/", view, name="events_event_trail"),
            *pages,
            *super().get_urls(),
        ]

    def event_page(self, request: HttpRequest, object_id: str, page: EventPage) -> HttpResponseBase:
        """Show a page of the event's tabs, which may be one of another app."""
        assert page.view is not None
        return page.view(request, self.event_or_404(request, object_id))

    def event_history(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return history_page(self, request, self.event_or_404(request, object_id))

    # ── Columns ─────────────────────────────────────────────────────────────
    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Read the clock once for the whole list."""
        self.clock = now()
        return super().changelist_view(request, extra_context)

    def get_changelist_instance(self, request: HttpRequest) -> ChangeList:
        """Look up how the listed events stand, in one query for all."""
        changelist = super().get_changelist_instance(request)
        sales = sales_of(changelist.result_list, at=self.clock)
        for event in changelist.result_list:
            event.sale = sales[event.pk]
        return changelist

    @display(description="Event", ordering="name")
    def named(self, event: Event) -> SafeString:
        return two_lines(event.name, event.venue)

    @display(description="Organizer")
    def organizer(self, event: Event) -> str:
        return event.created_by.display_name

    @display(description="Starts", ordering="event_date")
    def starts(self, event: Event) -> SafeString:
        return lasts(event.event_date, event.ends_at, event.zone)

    @display(description="Ends")
    def ends(self, event: Event) -> SafeString:
        return when(event.ends_at, event.zone)

    @display(description="Sales start")
    def on_sale_from(self, event: Event) -> SafeString:
        return when(event.sales_start_at or event.published_at, event.zone)

    @display(description="Sales end")
    def on_sale_until(self, event: Event) -> SafeString:
        return when(event.sales_close_at, event.zone)

    @display(description="State", label=cells.STATE_STYLES)
    def state(self, event: Any) -> str:
        return cells.state_of(event, at=self.clock, sale=event.sale)

    @display(description="Price", ordering="current_price")
    def price(self, event: Event) -> str:
        return cells.price(event)

    # ── Saving ──────────────────────────────────────────────────────────────
    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """Suggest venue, time zone and currency of the event created last."""
        last = Event.objects.filter(created_by_id=current_user_id(request)).order_by("-id").first()
        if last is None:
            return {}
        return {"timezone": last.timezone, "currency": last.currency, "venue": last.venue}

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show the form again with the reason when the operation refuses to save."""
        extra: dict[str, Any] = {
            **(extra_context or {}),
            "time_zones": suggested_timezones(),
            "show_save_and_add_another": False,
            "show_save_and_continue": False,
        }
        if object_id:
            event = self.event_or_404(request, object_id)
            extra |= tabs_context(event, current="settings")
        request.refusal = None  # type: ignore[attr-defined]
        try:
            return super().changeform_view(request, object_id, form_url, extra)
        except Unconfirmed as review:
            return self.review(request, review)
        except DomainError as refusal:
            # The transaction was rolled back; the request still holds what was entered.
            request.refusal = refusal  # type: ignore[attr-defined]
            return super().changeform_view(request, object_id, form_url, extra)

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> type[EventForm]:
        """Pass on to the form why saving was refused just now."""
        form: type[EventForm] = super().get_form(request, obj, change, **kwargs)
        form.refusal = getattr(request, "refusal", None)
        # From the review of the changes, back to the form as it was filled in.
        form.reopened = BACK in request.POST
        return form

    def save_model(self, request: HttpRequest, obj: Event, form: Any, change: bool) -> None:
        """Save through the operations that run in the transaction of the admin's view."""
        stamp(connection)
        if change:
            self.save_changes(request, obj, form)
        else:
            fields = {
                name: value
                for name, value in form.cleaned_data.items()
                if name in operations.EDITABLE
            }
            obj.pk = operations.add_event(by_id=current_user_id(request), **fields).pk
        obj.refresh_from_db()

    def save_changes(self, request: HttpRequest, event: Event, form: EventForm) -> None:
        """Save in the view's transaction. May raise Unconfirmed, which `review` then shows."""
        operations.change_event(
            event_id=event.pk, version=form.cleaned_data["version"] or 0, **form.changes
        )

    def review(self, request: HttpRequest, review: Unconfirmed) -> HttpResponse:
        raise NotImplementedError

    def response_add(
        self, request: HttpRequest, obj: Event, post_url_continue: str | None = None
    ) -> HttpResponse:
        """Say that a new event is a draft, and open it."""
        messages.success(
            request, f"{obj.name} is saved as a draft. Attendees see it once you publish it."
        )
        return redirect(overview_url(obj))

    def response_post_save_change(self, request: HttpRequest, obj: Event) -> HttpResponse:
        """Open the event, not the list."""
        return redirect(overview_url(obj))

    # ── Actions ─────────────────────────────────────────────────────────────
    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[Any]:
        event = self.event_or_404(request, object_id)
        unavailable = self.unavailable_actions(event)
        return [
            action
            for action in super().get_actions_detail(request, object_id)
            if action.action_name.removeprefix("events_event_") not in unavailable
        ]

    def unavailable_actions(self, event: Event) -> set[str]:
        """Return the names of the actions that the state of an event rules out."""
        unavailable = set()
        if event.is_published or not event.is_active:
            unavailable.add("publish")
        if not event.is_published:
            unavailable.add("view_on_site_now")
        return unavailable

    @action(
        description="Publish", url_path="publish", icon="campaign", variant=ActionVariant.PRIMARY
    )
    def publish(self, request: HttpRequest, object_id: str) -> HttpResponse:
        event = self.event_or_404(request, object_id)

        def act() -> str:
            operations.publish_event(event_id=event.pk, version=event.version)
            return report_success(request, f"{event.name} is now public.", overview_url(event))

        return confirmation_page(
            self,
            request,
            title=f"Publish {event.name}?",
            question=(
                "Everyone can find it from now on; no one is notified. It can be cancelled later, "
                "but not hidden."
            ),
            submit="Publish",
            version=event.version,
            facts=[
                ("When", span(event.event_date, event.ends_at, event.zone)),
                ("Sales start", _sales_start(event)),
                ("Venue", event.venue),
                ("Seats", f"{event.total_capacity:,}"),
                ("Price", cells.price(event)),
            ],
            act=act,
            back=overview_url(event),
            context=tabs_context(event, current="overview"),
        )

    @action(description="Copy event", url_path="copy", icon="content_copy")
    def copy(self, request: HttpRequest, object_id: str) -> HttpResponse:
        event = self.event_or_404(request, object_id)

        def act() -> str:
            copy = operations.copy_event(event_id=event.pk, by_id=current_user_id(request))
            return report_success(
                request,
                f"{copy.name} has been created as a draft. Check its date.",
                overview_url(copy),
            )

        return confirmation_page(
            self,
            request,
            title=f"Copy {event.name}?",
            question=(
                "Creates a draft with the same texts, seats, price and rules. Its dates, sales "
                "dates included, are moved by four weeks (more for a past event), with the same "
                "weekdays and local times. Bookings and the waitlist are not copied."
            ),
            submit="Copy",
            act=act,
            back=overview_url(event),
            context=tabs_context(event, current="overview"),
        )

    @action(description="View on site", url_path="view", icon="open_in_new")
    def view_on_site_now(self, request: HttpRequest, object_id: str) -> HttpResponse:
        event = self.event_or_404(request, object_id)
        return redirect("event_detail", event.pk)


def current_user_id(request: HttpRequest) -> UUID:
    return cast(UUID, request.user.pk)


def _sales_start(event: Event) -> str:
    if event.is_before_sales(at=now()):
        return moment(event.sales_start_at, event.zone)
    return "at once"


def overview_url(event: Event) -> str:
    """Return the page that an event opens with; boxoffice adds it to the tabs."""
    return event_page_url("overview", event.pk)


add_page("Settings", "settings", "Settings", url_name="admin:events_event_change")
