"""The line and its offers in the admin: looked at, and put in another order with a reason."""

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
from evently.admin.tabs import add_tab, rows_url
from evently.formatting import counted, moment, money
from events.admin.people import PeopleRowsAdmin
from waitlists import operations
from waitlists.models import EntryStatus, Promotion, PromotionStatus, WaitlistEntry
from waitlists.operations.priority import HIGHEST, ReasonRequired

STATES = {
    EntryStatus.WAITING: "info",
    EntryStatus.PROMOTED: "warning",
    EntryStatus.BOOKED: "success",
    EntryStatus.LEFT: "default",
    EntryStatus.EXPIRED: "default",
}
STATE_WORDS = {EntryStatus.PROMOTED: "has an offer", EntryStatus.EXPIRED: "ended"}
OFFERS = {
    PromotionStatus.PENDING: "warning",
    PromotionStatus.USED: "success",
    PromotionStatus.EXPIRED: "default",
    PromotionStatus.DECLINED: "default",
}
# Offers first, then the line, then whoever waits no longer.
RANK = Case(
    When(status=EntryStatus.PROMOTED, then=Value(0)),
    When(status=EntryStatus.WAITING, then=Value(1)),
    default=Value(2),
    output_field=IntegerField(),
)


class PriorityForm(forms.Form):
    """Where somebody stands in line, and why."""

    score = forms.IntegerField(
        label="Priority",
        min_value=-HIGHEST,
        max_value=HIGHEST,
        widget=UnfoldAdminIntegerFieldWidget,
        help_text="Higher stands further ahead; 0 is the rule: in order of joining.",
    )
    reason = forms.CharField(
        max_length=500,
        error_messages={"required": ReasonRequired.message},
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
        help_text="The person can read it, and it is kept.",
    )


class LineRowsAdmin(PeopleRowsAdmin):
    """Rows of the line."""

    @display(description="Person")
    def person(self, row: Any) -> SafeString | str:
        """Show name and address."""
        return person(row.user)


@admin.register(WaitlistEntry)
class WaitlistEntryAdmin(LineRowsAdmin):
    """Who waits, in the one order."""

    tab, heading = "line", "Waitlist"
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
        """Return the line's order, event by event."""
        return ["event_id", RANK.asc(), F("position").asc(nulls_last=True), "-joined_at", "id"]

    @display(description="Place", ordering="position")
    def place(self, entry: WaitlistEntry) -> str:
        """Show the place in line."""
        return str(entry.position) if entry.position else "–"

    @display(description="Wants", ordering="quantity")
    def wants(self, entry: WaitlistEntry) -> str:
        """Show how many seats, and with how few they would do."""
        if entry.min_quantity == entry.quantity:
            return str(entry.quantity)
        return f"{entry.min_quantity} to {entry.quantity}"

    def wants_in_words(self, entry: WaitlistEntry) -> str:
        """Return the seats wanted with their noun: "1 seat", "2 to 4 seats"."""
        if entry.min_quantity == entry.quantity:
            return counted(entry.quantity, "seat")
        return f"{self.wants(entry)} seats"

    @display(description="Most to pay for a seat")
    def most_to_pay(self, entry: WaitlistEntry) -> str:
        """Show the price seen on joining."""
        return money(entry.unit_price, entry.event.currency)

    @display(description="State", ordering="status", label=STATES)
    def state(self, entry: WaitlistEntry) -> tuple[str, str]:
        """Show where it stands."""
        status = EntryStatus(entry.status)
        return status, STATE_WORDS.get(status, status.value)

    @display(description="Priority", ordering="priority_score")
    def priority(self, entry: WaitlistEntry) -> SafeString | str:
        """Show the priority with its reason."""
        if not entry.priority_score:
            return "–"
        return two_lines(f"{entry.priority_score:+d}", entry.priority_reason)

    @display(description="Passed over", ordering="passed_over")
    def passed(self, entry: WaitlistEntry) -> str:
        """Show how often somebody behind was served, since this one did not fit."""
        return f"{entry.passed_over}×" if entry.passed_over else "–"

    @display(description="Joined", ordering="joined_at")
    def joined(self, entry: WaitlistEntry) -> SafeString:
        """Show when, by the clocks at the event."""
        return when(entry.joined_at, entry.event.zone)

    @display(description="Action")
    def priority_link(self, entry: WaitlistEntry) -> SafeString | str:
        """Lead to the priority of those who wait."""
        if not entry.is_waiting:
            return "–"
        return format_html(
            '<a class="ev-link" href="{}" aria-label="Set priority of place {}">Set priority</a>',
            reverse("admin:waitlists_waitlistentry_set_priority", args=[entry.pk]),
            entry.position,
        )

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[Any]:
        """Offer no priority to those who wait no longer."""
        entry = self.get_object(request, object_id)
        if entry is None or not entry.is_waiting:
            return []
        return super().get_actions_detail(request, object_id)

    @action(description="Set priority", url_path="priority", icon="low_priority")
    def set_priority(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask for a priority and its reason."""
        entry = self.get_object(request, object_id)
        if entry is None:
            raise Http404
        back = rows_url("waitlists_waitlistentry")(entry.event_id)

        def act(score: int, reason: str) -> str:
            moved = operations.set_priority(
                event_id=entry.event_id, entry_id=entry.pk, score=score, reason=reason
            )
            return report_success(
                request, f"{entry.user.display_name} stands at place {moved.position} now.", back
            )

        return confirmation_page(
            self,
            request,
            title=f"Priority of {entry.user.display_name}",
            question=(
                "The line goes by priority, then by the moment of joining. Whoever is overtaken "
                "can see on their receipt that an organizer changed the order."
            ),
            submit="Set priority",
            form_class=PriorityForm,
            initial={"score": entry.priority_score, "reason": entry.priority_reason},
            facts=[
                ("Event", entry.event.name),
                ("Place now", str(entry.position or "–")),
                ("Wants", self.wants_in_words(entry)),
                ("Joined", moment(entry.joined_at, entry.event.zone)),
            ],
            act=act,
            back=back,
        )


@admin.register(Promotion)
class PromotionAdmin(LineRowsAdmin):
    """Every offer, and what became of it."""

    tab, heading = "offers", "Offers to the line"
    list_display = ("made", "event", "person", "quantity", "price", "state", "until", "ended")
    list_display_links = None
    list_filter = ("status", "promoted_at")
    ordering = ("-promoted_at", "-id")

    @display(description="Made", ordering="promoted_at")
    def made(self, promotion: Promotion) -> SafeString:
        """Show when it was made, by the clocks at the event."""
        return when(promotion.promoted_at, promotion.event.zone)

    @display(description="Price of a seat")
    def price(self, promotion: Promotion) -> str:
        """Show the most that a seat costs."""
        return money(promotion.unit_price, promotion.event.currency)

    @display(description="State", ordering="status", label=OFFERS)
    def state(self, promotion: Promotion) -> tuple[str, str]:
        """Show what became of it."""
        words = {PromotionStatus.PENDING: "open", PromotionStatus.USED: "claimed"}
        status = PromotionStatus(promotion.status)
        return status, words.get(status, status.value)

    @display(description="Until", ordering="expires_at")
    def until(self, promotion: Promotion) -> SafeString:
        """Show until when it holds its seats."""
        return when(promotion.expires_at, promotion.event.zone)

    @display(description="Ended")
    def ended(self, promotion: Promotion) -> SafeString:
        """Show when it ended."""
        return when(promotion.ended_at, promotion.event.zone)


add_tab(30, "line", "Waitlist", rows_url("waitlists_waitlistentry"))
add_tab(40, "offers", "Offers", rows_url("waitlists_promotion"))
