"""Events in the admin, as far as this app knows them; the apps above add bookings and the line."""

from typing import Any, cast
from uuid import UUID

from django.contrib import admin
from django.db import connection
from django.db.models import Case, F, QuerySet, When
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.safestring import SafeString
from unfold.decorators import action, display
from unfold.enums import ActionVariant

from evently.admin.cells import two_lines, when
from evently.admin.confirmation import confirmation_page, report_success
from evently.admin.tabs import add_tab, tabs_context
from evently.audit.admin import StampedAdmin
from evently.audit.context import stamp
from evently.database.clock import now
from evently.database.functions import Clock
from evently.errors import DomainError
from evently.formatting import moment
from events import operations
from events.admin import cells
from events.admin.forms import EventForm, time_zones
from events.admin.rows import is_organizer
from events.models import Event, EventStatus


class PublishedFilter(admin.SimpleListFilter):
    """Drafts or public events."""

    title = "visibility"
    parameter_name = "published"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Return the choices."""
        return [("yes", "Published"), ("no", "Draft")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Event]) -> QuerySet[Event]:
        """Keep drafts, or what is public."""
        if self.value() in ("yes", "no"):
            return queryset.filter(published_at__isnull=self.value() == "no")
        return queryset


class WhenFilter(admin.SimpleListFilter):
    """What lies ahead, or behind."""

    title = "time"
    parameter_name = "when"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Return the choices."""
        return [("ahead", "Ahead"), ("past", "Past")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Event]) -> QuerySet[Event]:
        """Keep what lies ahead, or behind."""
        if self.value() == "ahead":
            return queryset.filter(event_date__gt=now())
        if self.value() == "past":
            return queryset.filter(event_date__lte=now())
        return queryset


class EventAdminBase(StampedAdmin):
    """Events that somebody organizes: saved through operations, with optimistic locking."""

    form = EventForm
    list_display: tuple[str, ...] = ("named", "starts", "state", "price")
    list_filter = (WhenFilter, PublishedFilter, "status", "payment_mode")
    search_fields = ("name", "venue")
    search_help_text = "Name or place"
    date_hierarchy = "event_date"
    ordering = ("event_date", "id")
    list_per_page = 50
    list_fullwidth = True
    warn_unsaved_form = True
    actions_detail: tuple[str, ...] = ("publish", "copy", "view_on_site_now")
    change_form_outer_before_template = "admin/events/overview.html"
    change_form_before_template = "admin/events/form_extras.html"
    fieldsets = (
        (None, {"fields": ("name", "venue", "description")}),
        ("When", {"fields": ("timezone", ("event_date", "ends_at"))}),
        (
            "Seats and price",
            {
                "fields": (
                    "total_capacity",
                    ("base_price", "current_price"),
                    ("currency", "payment_mode"),
                    "payment_instructions",
                )
            },
        ),
        (
            "Rules",
            {
                "fields": (
                    ("sales_start_at", "sales_end_at"),
                    ("max_per_booking", "max_per_person"),
                    ("cancellation_deadline", "promotion_window_minutes"),
                    "refund_policy",
                )
            },
        ),
    )

    # Idempotency it is cancelled or over: what it was, by the clocks at the event.
    closed_fieldsets = (
        (None, {"fields": ("name", "venue", "description")}),
        ("When", {"fields": ("timezone", ("starts", "ends"), ("on_sale_from", "on_sale_until"))}),
        ("Seats and price", {"fields": ("total_capacity", ("price", "payment_mode"))}),
        ("Rules", {"fields": (("max_per_booking", "max_per_person"), "refund_policy")}),
    )

    # ── Whose ───────────────────────────────────────────────────────────────
    def get_queryset(self, request: HttpRequest) -> QuerySet[Event]:
        """Keep to the events that the person organizes."""
        return Event.objects.managed_by(request.user).order_by(*self.ordering)

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Allow organizers."""
        return is_organizer(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Allow organizers; the events they see are their own."""
        return is_organizer(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Allow organizers."""
        return is_organizer(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Allow organizers, until the event is cancelled or over."""
        if isinstance(obj, Event) and obj.status != EventStatus.ACTIVE:
            return False
        return is_organizer(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse Django's own way to delete; the action here goes through the operation."""
        return False

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Show what an event was, where it can no longer be changed."""
        if obj is not None and not self.has_change_permission(request, obj):
            return self.closed_fieldsets
        return super().get_fieldsets(request, obj)

    def event_or_404(self, request: HttpRequest, object_id: str) -> Event:
        """Return an event that the person organizes, or raise Http404."""
        try:
            event = self.get_queryset(request).filter(pk=UUID(object_id)).first()
        except ValueError:
            event = None
        if event is None:
            raise Http404
        return event

    def get_ordering(self, request: HttpRequest) -> list[Any]:
        """Put what comes next on top, and what is past below, the latest first."""
        ahead = Case(When(event_date__gt=Clock(), then=F("event_date")))
        return [ahead.asc(nulls_last=True), "-event_date", "id"]

    # ── Columns ─────────────────────────────────────────────────────────────
    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Read the clock once for the whole list."""
        self.clock = now()
        return super().changelist_view(request, extra_context)

    @display(description="Event", ordering="name")
    def named(self, event: Event) -> SafeString:
        """Show the name, and the place below."""
        return two_lines(event.name, event.venue)

    @display(description="Starts", ordering="event_date")
    def starts(self, event: Event) -> SafeString:
        """Show the start by the clocks at the event."""
        return when(event.event_date, event.zone)

    @display(description="Ends")
    def ends(self, event: Event) -> SafeString:
        """Show the end by the clocks at the event."""
        return when(event.ends_at, event.zone)

    @display(description="Sales start")
    def on_sale_from(self, event: Event) -> SafeString:
        """Show from when it was sold."""
        return when(event.sales_start_at or event.published_at, event.zone)

    @display(description="Sales end")
    def on_sale_until(self, event: Event) -> SafeString:
        """Show until when it was sold."""
        return when(event.sales_close_at, event.zone)

    @display(description="State", label=cells.STATE_STYLES)
    def state(self, event: Event) -> str:
        """Show where it stands."""
        return cells.state_of(event, at=self.clock)

    @display(description="Price", ordering="current_price")
    def price(self, event: Event) -> str:
        """Show what a seat costs now."""
        return cells.price(event)

    # ── Saving ──────────────────────────────────────────────────────────────
    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """Start a new event with the organizer's last choices of place in time and money."""
        last = Event.objects.filter(created_by_id=actor(request)).order_by("-id").first()
        if last is None:
            return {}
        return {"timezone": last.timezone, "currency": last.currency}

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show the form again with the reason, where the operation refused to save."""
        extra: dict[str, Any] = {**(extra_context or {}), "time_zones": time_zones()}
        if object_id:
            extra |= self.overview(request, self.event_or_404(request, object_id))
        request.refusal = None  # type: ignore[attr-defined]
        try:
            return super().changeform_view(request, object_id, form_url, extra)
        except DomainError as refusal:
            # Its transaction was rolled back; what was typed is still in the request.
            request.refusal = refusal  # type: ignore[attr-defined]
            return super().changeform_view(request, object_id, form_url, extra)

    def overview(self, request: HttpRequest, event: Event) -> dict[str, Any]:
        """Return what stands above an event's form."""
        at = now()
        state = cells.state_of(event, at=at)
        return {
            **tabs_context(event, current="event"),
            "event": event,
            "state": state,
            "state_kind": cells.STATE_STYLES[state],
            "starts": moment(event.event_date, event.zone),
            "price_now": cells.price(event),
        }

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> type[EventForm]:
        """Tell the form why saving was refused just now."""
        form: type[EventForm] = super().get_form(request, obj, change, **kwargs)
        form.refusal = getattr(request, "refusal", None)
        return form

    def save_model(self, request: HttpRequest, obj: Event, form: Any, change: bool) -> None:
        """Save through the operations, in the transaction of the admin's view."""
        stamp(connection)
        if change:
            operations.change_event(
                event_id=obj.pk, version=form.cleaned_data["version"] or 0, **form.changes
            )
        else:
            fields = {
                name: value
                for name, value in form.cleaned_data.items()
                if name in operations.EDITABLE
            }
            obj.pk = operations.add_event(by_id=actor(request), **fields).pk
        obj.refresh_from_db()

    # ── Actions ─────────────────────────────────────────────────────────────
    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[Any]:
        """Leave out what the event's state forbids."""
        event = self.event_or_404(request, object_id)
        hidden = self.impossible(event)
        return [
            one
            for one in super().get_actions_detail(request, object_id)
            if one.action_name.removeprefix("events_event_") not in hidden
        ]

    def impossible(self, event: Event) -> set[str]:
        """Return the actions that make no sense in an event's state."""
        hidden = set()
        if event.is_published or event.status != EventStatus.ACTIVE:
            hidden.add("publish")
        if not event.is_published:
            hidden.add("view_on_site_now")
        return hidden

    @action(
        description="Publish", url_path="publish", icon="campaign", variant=ActionVariant.PRIMARY
    )
    def publish(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask, then make an event public."""
        event = self.event_or_404(request, object_id)

        def act() -> str:
            operations.publish_event(event_id=event.pk, by_id=actor(request))
            return report_success(request, f"{event.name} is public now.", change_url(event))

        return confirmation_page(
            self,
            request,
            title=f"Publish {event.name}?",
            question="Everybody finds it from now on. A public event can be cancelled, not hidden.",
            submit="Publish",
            facts=[
                ("Starts", moment(event.event_date, event.zone)),
                ("Place", event.venue),
                ("Seats", f"{event.total_capacity:,}"),
                ("Price", cells.price(event)),
            ],
            act=act,
            back=change_url(event),
        )

    @action(description="Copy", url_path="copy", icon="content_copy")
    def copy(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask, then make a draft like this event."""
        event = self.event_or_404(request, object_id)

        def act() -> str:
            made = operations.copy_event(event_id=event.pk, by_id=actor(request))
            return report_success(
                request, f"{made.name} is a draft. Check its date.", change_url(made)
            )

        return confirmation_page(
            self,
            request,
            title=f"Copy {event.name}?",
            question=(
                "A draft with the same text, seats, price and rules is made, four weeks later. "
                "Bookings, the line and sales dates are not copied."
            ),
            submit="Copy",
            act=act,
            back=change_url(event),
        )

    @action(description="View on site", url_path="view", icon="open_in_new")
    def view_on_site_now(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Go to the event's public page."""
        event = self.event_or_404(request, object_id)
        return HttpResponse(
            status=302, headers={"Location": reverse("event_detail", args=[event.pk])}
        )


def actor(request: HttpRequest) -> UUID:
    """Return the id of whoever works in the admin, who is always somebody."""
    return cast(UUID, request.user.pk)


def change_url(event: Event) -> str:
    """Return the address of an event's page."""
    return reverse("admin:events_event_change", args=[event.pk])


add_tab(
    10, "event", "Event", lambda event_id: reverse("admin:events_event_change", args=[event_id])
)
