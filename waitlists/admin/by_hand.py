"""The pages on which an organizer moves a waitlist entry, or offers it seats out of order."""

from typing import Any

from django import forms
from django.contrib.admin import ModelAdmin
from django.http import HttpRequest, HttpResponse
from unfold.widgets import (
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminTextareaWidget,
    UnfoldBooleanWidget,
)

from bookings.operations import DrawPending
from evently.admin.confirmation import confirmation_page, report_success
from evently.admin.tabs import event_page_url, tabs_context
from evently.errors import Conflict
from evently.formatting import counted, moment, seats
from waitlists import operations
from waitlists.models import WaitlistEntry
from waitlists.operations.by_hand import LONGEST_REASON, ReasonRequired
from waitlists.queries import waiting_count

ANEW = "A draw is pending: it orders all places that take part anew, also this one."


class OffersWait(Conflict):
    """A draw is pending: nothing is offered until then."""

    code = "draw_pending"
    message = (
        "A draw is pending, and no seats are offered until its result. You can call it off on the "
        "page “Draw”, until it closes."
    )


class _ReasonedForm(forms.Form):
    """A form that ends with a reason, which is empty at first whatever was entered earlier."""

    reason = forms.CharField(
        max_length=LONGEST_REASON,
        error_messages={"required": ReasonRequired.message},
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
        help_text="It becomes public, with the record of the waitlist: name no one.",
    )


class MoveForm(_ReasonedForm):
    position = forms.IntegerField(
        label="New position", min_value=1, widget=UnfoldAdminIntegerFieldWidget
    )
    field_order = ("position", "reason")


class OfferForm(_ReasonedForm):
    quantity = forms.IntegerField(
        label="Seats", min_value=1, max_value=10, widget=UnfoldAdminIntegerFieldWidget
    )
    add_seats = forms.BooleanField(
        label="Add missing seats to the event",
        required=False,
        widget=UnfoldBooleanWidget,
        help_text="Raises the number of seats by those that are not free, for this offer only.",
    )
    reason = forms.CharField(
        max_length=LONGEST_REASON,
        error_messages={"required": ReasonRequired.message},
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
        help_text="Everyone on the waitlist can read it, and it becomes public: name no one.",
    )
    field_order = ("quantity", "add_seats", "reason")


def move_page(
    model_admin: "ModelAdmin[Any]", request: HttpRequest, entry: WaitlistEntry
) -> HttpResponse:
    """Ask for a position and a reason, then move the entry."""
    back = event_page_url("waitlist", entry.event_id)
    waiting = waiting_count(event_id=entry.event_id)

    def act(position: int, reason: str) -> str:
        moved = operations.place_entry(
            event_id=entry.event_id, entry_id=entry.pk, position=position, reason=reason
        )
        return report_success(
            request, f"{entry.user.display_name} is now at position {moved.position}.", back
        )

    return confirmation_page(
        model_admin,
        request,
        title=f"Move {entry.user.display_name}",
        question=(
            "Those at and behind the new position move back by one. The attendee sees that an "
            "organizer changed their position, and your reason."
            + (f" {ANEW}" if entry.event.has_pending_draw else "")
        ),
        submit="Move",
        form_class=MoveForm,
        initial={"position": 1},
        facts=[
            ("Event", entry.event.name),
            ("Current position", f"{entry.position or '–'} of {waiting}"),
            ("Wants", wanted_seats(entry)),
            ("Joined", moment(entry.joined_at, entry.event.zone)),
        ],
        act=act,
        back=back,
        context=tabs_context(entry.event, current="waitlist"),
    )


def offer_page(
    model_admin: "ModelAdmin[Any]", request: HttpRequest, entry: WaitlistEntry
) -> HttpResponse:
    """Ask for a number of seats and a reason, then make the offer."""
    back = event_page_url("waitlist", entry.event_id)
    ahead = (entry.position or 1) - 1

    def act(quantity: int, add_seats: bool, reason: str) -> str:
        try:
            offer = operations.offer_by_hand(
                event_id=entry.event_id,
                entry_id=entry.pk,
                quantity=quantity,
                reason=reason,
                add_seats=add_seats,
            )
        except DrawPending as pending:
            raise OffersWait from pending
        until = moment(offer.expires_at, entry.event.zone)
        return report_success(
            request,
            f"{seats(quantity)} held for {entry.user.display_name} until {until}.",
            back,
        )

    return confirmation_page(
        model_admin,
        request,
        title=f"Offer seats to {entry.user.display_name}",
        question=(
            OffersWait.message
            if entry.event.has_pending_draw
            else "The seats are held until the offer expires, and the attendee is notified. "
            + (
                f"{counted(ahead, 'person is', 'people are')} ahead of them: all who wait see that "
                "an organizer made an offer out of order, and your reason."
                if ahead
                else "They are next on the waitlist."
            )
        ),
        submit="Offer seats",
        form_class=OfferForm,
        initial={"quantity": entry.quantity},
        facts=[
            ("Event", entry.event.name),
            ("Position", str(entry.position or "–")),
            ("Wants", wanted_seats(entry)),
            ("Free seats", f"{entry.event.available_seats:,}"),
        ],
        act=act,
        back=back,
        context=tabs_context(entry.event, current="waitlist"),
    )


def wanted_seats(entry: WaitlistEntry) -> str:
    """Return the seats wanted: "1 seat", "2 to 4 seats"."""
    if entry.min_quantity == entry.quantity:
        return seats(entry.quantity)
    return f"{entry.min_quantity} to {seats(entry.quantity)}"
