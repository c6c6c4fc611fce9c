"""Waitlist entries and offers in the admin; organizers can change priorities."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Case, F, IntegerField, Value, When
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminIntegerFieldWidget, UnfoldAdminTextareaWidget

from evently.admin.cells import person, two_lines, when
from evently.admin.confirmation import confirmation_page, report_success
from evently.admin.tabs import event_page_url
from evently.formatting import counted, moment, money
from events.admin.people import PeopleRowsAdmin
from events.admin.rows import add_list
from waitlists import operations
from waitlists.models import EntryStatus, Promotion, PromotionStatus, WaitlistEntry
from waitlists.operations.priority import HIGHEST_SCORE, ReasonRequired

ENTRY_STATUS_COLORS = {
    EntryStatus.WAITING: "info",
    EntryStatus.PROMOTED: "warning",
    EntryStatus.BOOKED: "success",
    EntryStatus.LEFT: "default",
    EntryStatus.EXPIRED: "default",
}
ENTRY_STATUS_WORDS = {EntryStatus.PROMOTED: "has an offer", EntryStatus.EXPIRED: "ended"}
OFFER_STATUS_COLORS = {
    PromotionStatus.PENDING: "warning",
    PromotionStatus.USED: "success",
    PromotionStatus.EXPIRED: "default",
    PromotionStatus.DECLINED: "default",
}
OFFER_STATUS_WORDS = {PromotionStatus.PENDING: "open", PromotionStatus.USED: "claimed"}
# Entries with an offer first, then waiting ones, then ended ones.
STATUS_ORDER = Case(
    When(status=EntryStatus.PROMOTED, then=Value(0)),
    When(status=EntryStatus.WAITING, then=Value(1)),
    default=Value(2),
    output_field=IntegerField(),
)


class PriorityForm(forms.Form):
    score = forms.IntegerField(
        label="Priority",
        min_value=-HIGHEST_SCORE,
        max_value=HIGHEST_SCORE,
        widget=UnfoldAdminIntegerFieldWidget,
        help_text="Higher comes first. With the default of 0, the order is by time of joining.",
    )
    reason = forms.CharField(
        max_length=500,
        error_messages={"required": ReasonRequired.message},
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
        help_text="The attendee can see it.",
    )


class WaitlistRowsAdmin(PeopleRowsAdmin):
    @display(description="Attendee")
    def person(self, row: Any) -> SafeString | str:
        return person(row.user)


@admin.register(WaitlistEntry)
class WaitlistEntryAdmin(WaitlistRowsAdmin):
    tab, heading = "waitlist", "Waitlist"
    list_display = (
        "place",
        "event",
        "person",
        "wants",
        "state",
        "priority",
        "passed",
        "joined",
        "priority_link",
    )
    list_filter = ("status", "joined_at")
    actions_detail = ("set_priority",)
    readonly_fields = (
        "place",
        "event",
        "person",
        "wants",
        "most_to_pay",
        "state",
        "priority",
        "passed",
        "joined",
    )
    fields = readonly_fields

    def get_ordering(self, request: HttpRequest) -> list[Any]:
        position = F("position").asc(nulls_last=True)
        return ["event_id", STATUS_ORDER.asc(), position, "-joined_at", "id"]

    @display(description="Position", ordering="position")
    def place(self, entry: WaitlistEntry) -> str:
        return str(entry.position) if entry.position else "–"

    @display(description="Wants", ordering="quantity")
    def wants(self, entry: WaitlistEntry) -> str:
        if entry.min_quantity == entry.quantity:
            return str(entry.quantity)
        return f"{entry.min_quantity} to {entry.quantity}"

    def wants_in_words(self, entry: WaitlistEntry) -> str:
        """Return the seats wanted: "1 seat", "2 to 4 seats"."""
        if entry.min_quantity == entry.quantity:
            return counted(entry.quantity, "seat")
        return f"{self.wants(entry)} seats"

    @display(description="Maximum price per seat")
    def most_to_pay(self, entry: WaitlistEntry) -> str:
        return money(entry.unit_price, entry.event.currency)

    @display(description="Status", ordering="status", label=ENTRY_STATUS_COLORS)
    def state(self, entry: WaitlistEntry) -> tuple[str, str]:
        status = EntryStatus(entry.status)
        return status, ENTRY_STATUS_WORDS.get(status, status.value)

    @display(description="Priority", ordering="priority_score")
    def priority(self, entry: WaitlistEntry) -> SafeString | str:
        if not entry.priority_score:
            return "–"
        return two_lines(f"{entry.priority_score:+d}", entry.priority_reason)

    @display(description="Passed over", ordering="passed_over")
    def passed(self, entry: WaitlistEntry) -> str:
        return f"{entry.passed_over}×" if entry.passed_over else "–"

    @display(description="Joined", ordering="joined_at")
    def joined(self, entry: WaitlistEntry) -> SafeString:
        return when(entry.joined_at, entry.event.zone)

    @display(description="Action")
    def priority_link(self, entry: WaitlistEntry) -> SafeString | str:
        if not entry.is_waiting:
            return "–"
        return format_html(
            '<a class="ev-link" href="{}" aria-label="Set priority, position {}">Set priority</a>',
            reverse("admin:waitlists_waitlistentry_set_priority", args=[entry.pk]),
            entry.position,
        )

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[Any]:
        """Return no actions for entries that do not wait: only a waiting one has a priority."""
        entry = self.get_object(request, object_id)
        if entry is None or not entry.is_waiting:
            return []
        return super().get_actions_detail(request, object_id)

    @action(description="Set priority", url_path="priority", icon="low_priority")
    def set_priority(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask for a priority and a reason, then set it."""
        entry = self.get_object(request, object_id)
        if entry is None:
            raise Http404
        back = event_page_url("waitlist", entry.event_id)

        def act(score: int, reason: str) -> str:
            moved = operations.set_priority(
                event_id=entry.event_id, entry_id=entry.pk, score=score, reason=reason
            )
            return report_success(
                request, f"{entry.user.display_name} is now at position {moved.position}.", back
            )

        return confirmation_page(
            self,
            request,
            title=f"Priority of {entry.user.display_name}",
            question=(
                "The waitlist is ordered by priority, then by time of joining. The attendee can "
                "see on their receipt that an organizer changed their position, and the reason."
            ),
            submit="Set priority",
            form_class=PriorityForm,
            initial={"score": entry.priority_score, "reason": entry.priority_reason},
            facts=[
                ("Event", entry.event.name),
                ("Current position", str(entry.position or "–")),
                ("Wants", self.wants_in_words(entry)),
                ("Joined", moment(entry.joined_at, entry.event.zone)),
            ],
            act=act,
            back=back,
        )


@admin.register(Promotion)
class PromotionAdmin(WaitlistRowsAdmin):
    tab, heading = "offers", "Offers"
    list_display = ("made", "event", "person", "quantity", "price", "state", "until", "ended")
    list_display_links = None
    list_filter = ("status", "promoted_at")
    ordering = ("-promoted_at", "-id")

    @display(description="Offered", ordering="promoted_at")
    def made(self, promotion: Promotion) -> SafeString:
        return when(promotion.promoted_at, promotion.event.zone)

    @display(description="Maximum price per seat")
    def price(self, promotion: Promotion) -> str:
        return money(promotion.unit_price, promotion.event.currency)

    @display(description="Status", ordering="status", label=OFFER_STATUS_COLORS)
    def state(self, promotion: Promotion) -> tuple[str, str]:
        status = PromotionStatus(promotion.status)
        return status, OFFER_STATUS_WORDS.get(status, status.value)

    @display(description="Expires", ordering="expires_at")
    def until(self, promotion: Promotion) -> SafeString:
        return when(promotion.expires_at, promotion.event.zone)

    @display(description="Ended")
    def ended(self, promotion: Promotion) -> SafeString:
        return when(promotion.ended_at, promotion.event.zone)


add_list("Waitlist", "waitlist", "Entries", WaitlistEntry, rank=10)
add_list("Waitlist", "offers", "Offers", Promotion, rank=20)
