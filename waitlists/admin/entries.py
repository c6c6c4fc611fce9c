"""The waitlist entries of an event in the admin, and what organizers do to them by hand."""

from typing import Any

from django.contrib import admin
from django.db.models import Case, Exists, F, IntegerField, OuterRef, QuerySet, Value, When
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from unfold.decorators import action, display

from bookings.mailboxes import people_sharing, shared_mailbox
from bookings.models import Booking
from evently.admin.cells import person, when
from evently.formatting import money
from events.admin.people import PeopleRowsAdmin
from events.admin.rows import add_list, event_of_list
from waitlists.admin.by_hand import move_page, offer_page
from waitlists.admin.offers import PAGE, offers_context
from waitlists.models import EntryStatus, WaitlistEntry
from waitlists.record.heads import head_of

# In words, with the style of their label in Unfold.
STATES = {
    EntryStatus.WAITING: ("waiting", "info"),
    EntryStatus.PROMOTED: ("has an offer", "warning"),
    EntryStatus.BOOKED: ("booked", "success"),
    EntryStatus.LEFT: ("left", "default"),
    EntryStatus.EXPIRED: ("ended", "default"),
}
# A waiting entry that is offered no seats until its owner confirms it.
UNCONFIRMED = ("not confirmed", "default")
# Entries with an offer first, then waiting ones, then ended ones.
STATUS_ORDER = Case(
    When(status=EntryStatus.PROMOTED, then=Value(0)),
    When(status=EntryStatus.WAITING, then=Value(1)),
    default=Value(2),
    output_field=IntegerField(),
)


@admin.register(WaitlistEntry)
class WaitlistEntryAdmin(PeopleRowsAdmin):
    tab, heading = "waitlist", "Waitlist"
    list_after_template = "admin/waitlists/offers.html"
    list_display = (
        "place",
        "event",
        "person",
        "wants",
        "state",
        "moved",
        "passed",
        "joined",
        "links",
    )
    list_filter = ("status", "joined_at")
    sorted_by = ()
    actions_detail = ("move", "offer_seats")
    readonly_fields = (
        "place",
        "event",
        "person",
        "wants",
        "most_to_pay",
        "state",
        "moved",
        "passed",
        "joined",
    )
    fields = readonly_fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Count who shares the mailbox, among all who wait or have seats, each once."""
        waiting = WaitlistEntry.objects.open()
        own_entry = waiting.filter(
            event_id=OuterRef("event_id"), user_id=OuterRef("user_id"), mailbox=OuterRef("mailbox")
        )
        attending = Booking.objects.holding_seats().filter(~Exists(own_entry))
        shared = people_sharing(waiting) + people_sharing(attending)
        return super().get_queryset(request).annotate(same_mailbox=shared)

    def get_ordering(self, request: HttpRequest) -> list[Any]:
        if event_of_list(request) is None:
            return ["-id"]
        position = F("position").asc(nulls_last=True)
        return ["event_id", STATUS_ORDER.asc(), position, "-joined_at", "id"]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show the event's offers below its entries; of a search, those of the people found."""
        # Django would take the page of the offers for a filter of the entries.
        query = request.GET.copy()
        numbers = query.pop(PAGE) if PAGE in query else [""]
        request.GET = query  # type: ignore[assignment]
        response = super().changelist_view(request, extra_context)
        event, context = event_of_list(request), getattr(response, "context_data", None) or {}
        if event is not None and "cl" in context:
            changes = context["cl"]
            people = changes.queryset.order_by().values("user_id") if changes.query else None
            context |= offers_context(event, page=str(numbers[-1]), people=people)
            context["record_head"] = head_of(event.pk)
            context["record_url"] = reverse("line_record", args=[event.pk])
        return response

    @display(description="Position", ordering="position")
    def place(self, entry: WaitlistEntry) -> str:
        return str(entry.position) if entry.position else "–"

    @display(description="Wants", ordering="quantity")
    def wants(self, entry: WaitlistEntry) -> str:
        if entry.min_quantity == entry.quantity:
            return str(entry.quantity)
        return f"{entry.min_quantity} to {entry.quantity}"

    @display(description="Maximum price per seat")
    def most_to_pay(self, entry: WaitlistEntry) -> str:
        return money(entry.unit_price, entry.event.currency)

    @display(description="Status", ordering="status", label=dict([*STATES.values(), UNCONFIRMED]))
    def state(self, entry: WaitlistEntry) -> str:
        if entry.is_waiting and not entry.is_confirmed:
            return UNCONFIRMED[0]
        return STATES[EntryStatus(entry.status)][0]

    @display(description="Reason for the order")
    def moved(self, entry: WaitlistEntry) -> str:
        """Show why it is not in the order of joining: moved, drawn, or offers that ran out."""
        return entry.priority_reason or "–"

    @display(description="Passed over", ordering="passed_over")
    def passed(self, entry: WaitlistEntry) -> str:
        return f"{entry.passed_over}×" if entry.passed_over else "–"

    @display(description="Joined", ordering="joined_at")
    def joined(self, entry: WaitlistEntry) -> SafeString:
        return when(entry.joined_at, entry.event.zone)

    @display(description="Actions")
    def links(self, entry: WaitlistEntry) -> SafeString | str:
        if not entry.is_waiting:
            return "–"
        about = f", position {entry.position}"
        return format_html_join(
            " · ",
            '<a class="ev-link" href="{}" aria-label="{}">{}</a>',
            (
                (
                    reverse(f"admin:waitlists_waitlistentry_{name}", args=[entry.pk]),
                    title + about,
                    title,
                )
                for name, title in (("move", "Move"), ("offer_seats", "Offer seats"))
            ),
        )

    @display(description="Attendee")
    def person(self, entry: WaitlistEntry) -> SafeString | str:
        others: int = vars(entry).get("same_mailbox", 0)
        return person(entry.user, shared_mailbox(others))

    # ── By hand ─────────────────────────────────────────────────────────────
    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[Any]:
        """Return no actions for entries that do not wait."""
        entry = self.get_object(request, object_id)
        if entry is None or not entry.is_waiting:
            return []
        return super().get_actions_detail(request, object_id)

    @action(description="Move", url_path="move", icon="swap_vert")
    def move(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return move_page(self, request, self._entry_or_404(request, object_id))

    @action(description="Offer seats", url_path="offer", icon="redeem")
    def offer_seats(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return offer_page(self, request, self._entry_or_404(request, object_id))

    def _entry_or_404(self, request: HttpRequest, object_id: str) -> WaitlistEntry:
        entry: WaitlistEntry | None = self.get_object(request, object_id)
        if entry is None:
            raise Http404
        return entry


add_list("Waitlist", "waitlist", "Waitlist", WaitlistEntry)
