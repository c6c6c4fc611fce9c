"""One notification of each kind, made from a real fact as its receiver makes it.

A new kind needs an entry in EXAMPLES; `test_kinds.py` fails for a kind without one.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from bookings.factories import BookingFactory
from bookings.models import AttendanceCheck, Booking, Ticket, TicketTransfer, TransferStatus
from bookings.operations import Canceller, PersonLimit
from bookings.operations.tickets import insert_ticket
from evently.accounts.factories import UserFactory
from evently.accounts.models import DataExport, EmailChange, User
from evently.accounts.operations import make_organizer
from evently.accounts.signals import SecondFactorChange
from evently.database.clock import now
from evently.erasure.models import Erasure
from evently.erasure.operations import Account, open_erasure
from evently.tests.rows import end_offer, offer, wait
from events.factories import EventFactory
from events.models import Event
from notifications.kinds import (
    Message,
    accounts,
    addresses,
    attendance,
    bookings,
    deletion,
    draws,
    events,
    exports,
    held,
    offers,
    places,
    reminders,
    returns,
    second_factors,
    thanks,
    tickets,
    waitlist,
    writing,
)
from notifications.kinds.general import GENERAL
from notifications.message_models import Audience, MessageState, OrganizerMessage
from notifications.models import Notification
from notifications.operations.creating import notify
from notifications.return_models import SuppressionReason
from waitlists.models import Draw, Promotion, WaitlistEntry
from waitlists.tests.drawing_rows import announce


def jazz(**columns: Any) -> Event:
    return EventFactory(
        name="Jazz & <Blues>",
        timezone="Europe/Zurich",
        event_date=datetime(2099, 7, 2, 18, 30, tzinfo=UTC),
        total_capacity=2,
        priced=20,
        **columns,
    )


@dataclass
class Facts:
    """A user, and an event of two seats at 20.00 EUR that they book or wait for."""

    user: User = field(default_factory=lambda: UserFactory(name="Ada Lovelace"))
    event: Event = field(default_factory=jazz)

    def booking(self, **columns: Any) -> Booking:
        given = {"event": self.event, "user": self.user, "quantity": 2}
        return BookingFactory(**(given | columns))

    def cancelled(self) -> Booking:
        booking = self.booking()
        Booking.objects.filter(pk=booking.pk).update(status="cancelled")
        return booking

    def change(self, *, is_confirmed: bool = False) -> EmailChange:
        key, at = self.user.key, now()
        assert key is not None
        return EmailChange.objects.create(
            user=self.user,
            old_email=key.seal("recipient", "ada@old.example"),
            new_email=key.seal("recipient", "ada@new.example"),
            requested_at=at,
            confirmed_at=at if is_confirmed else None,
        )

    def export(self) -> DataExport:
        at = now()
        return DataExport.objects.create(
            user=self.user,
            status="ready",
            ready_at=at,
            expires_at=at + timedelta(days=7),
            size_bytes=1,
            parts=1,
        )

    def leaving(self) -> User:
        at = now()
        self.user.deletion_requested_at, self.user.deletion_due_at = at, at + timedelta(days=7)
        self.user.save(update_fields=["deletion_requested_at", "deletion_due_at"])
        return self.user

    def erasure(self) -> Erasure:
        due = now() + timedelta(days=2)
        return open_erasure(
            Account({"bookings_cancelled": 1}, [], key_due_at=due),
            user_id=self.user.pk,
            cause=Erasure.Cause.REQUEST,
        )

    def entry(self) -> WaitlistEntry:
        self.booking(user=UserFactory())
        id_ = wait(self.event.pk, user_id=self.user.pk, unit_price=20)
        return WaitlistEntry.objects.select_related("event").get(pk=id_)

    def unconfirmed(self) -> WaitlistEntry:
        self.booking(user=UserFactory())
        id_ = wait(self.event.pk, user_id=self.user.pk, unit_price=20, confirmed_at=None)
        return WaitlistEntry.objects.select_related("event").get(pk=id_)

    def outgrown(self) -> tuple[Event, WaitlistEntry]:
        Event.objects.filter(pk=self.event.pk).update(total_capacity=3)
        self.booking(user=UserFactory())
        id_ = wait(self.event.pk, quantity=3, user_id=self.user.pk, unit_price=20)
        Event.objects.filter(pk=self.event.pk).update(total_capacity=2)
        self.event.refresh_from_db()
        return self.event, WaitlistEntry.objects.get(pk=id_)

    def managed(self) -> Event:
        """Take an event instead that the user organizes."""
        make_organizer(user_id=self.user.pk)
        self.event = jazz(created_by=self.user)
        return self.event

    def in_draw(self) -> tuple[Draw, WaitlistEntry]:
        """Return a pending draw and its one lot, with the facts that they have later."""
        entry = self.entry()
        draw = Draw.objects.get(pk=announce(self.event.pk))
        draw.lots, draw.void_reason, entry.draw_place = 1, "not revealed within an hour", 1
        draw.reveal_by = draw.beacon_at + timedelta(hours=1)
        return draw, entry

    def written(self) -> Message:
        """Return what the organizer wrote to the user, who has seats."""
        self.booking()
        message = OrganizerMessage.objects.create(
            event=self.event,
            by_id=self.event.created_by_id,
            subject="Doors of {eventName}",
            body="Dear {userName},\n\ndoors open at 19:00. See {eventUrl}.",
            audience=Audience.BOOKED,
        )
        OrganizerMessage.objects.filter(event=self.event, pk=message.pk).update(
            state=MessageState.SENDING, started_at=now(), recipients=1
        )
        return writing.organizer_messages(message, self.event, [self.user.pk])[0]

    def promotion(self) -> Promotion:
        entry = self.entry()
        Booking.objects.filter(event=self.event).update(status="cancelled")
        return Promotion.objects.get(pk=offer(entry.pk, unit_price=20))

    def ending(self) -> Promotion:
        entry = self.entry()
        Booking.objects.filter(event=self.event).update(status="cancelled")
        at = now()
        window = {"promoted_at": at - timedelta(hours=3), "expires_at": at + timedelta(hours=1)}
        return Promotion.objects.get(pk=offer(entry.pk, unit_price=20, **window))

    def unpaid(self) -> Booking:
        return self.booking(status="pending", expires_at=now() + timedelta(days=1))

    def attended(self) -> Event:
        self.booking()
        Event.objects.filter(pk=self.event.pk).update(status="completed")
        self.event.refresh_from_db()
        return self.event

    def expired(self) -> Promotion:
        promotion = self.promotion()
        end_offer(promotion.pk, "expired")
        promotion.refresh_from_db()
        return promotion

    def check(self) -> AttendanceCheck:
        booking = self.booking()
        return AttendanceCheck.objects.create(
            booking=booking, event=self.event, event_date=self.event.event_date, seats=2
        )

    def transfer(self, *, accepted: bool = False) -> TicketTransfer:
        booking, key = self.booking(quantity=1), self.user.key
        assert key is not None
        transfer = TicketTransfer.objects.create(
            event=self.event,
            booking=booking,
            ticket=Ticket.objects.get(booking=booking),
            user=self.user,
            recipient_name=key.seal("holder_name", "Grace Hopper"),
            recipient_email=key.seal("email", "grace@example.org"),
        )
        if accepted:
            Ticket.objects.filter(pk=transfer.ticket_id).update(cancelled_at=now())
            transfer.recipient = UserFactory(name="Ada Lovelace")
            assert transfer.recipient.key is not None
            name = transfer.recipient.key.seal("holder_name", "Grace Hopper")
            transfer.new_ticket_id = insert_ticket(booking, name, transfer.recipient.pk)
            transfer.status = TransferStatus.ACCEPTED
            transfer.save()
        return transfer


EXAMPLES: dict[str, Callable[[Facts], Message]] = {
    "welcome": lambda facts: accounts.welcome(facts.user),
    "verify_address": lambda facts: accounts.verify_address(facts.user),
    "account_exists": lambda facts: accounts.account_exists(facts.user),
    "password_reset": lambda facts: accounts.password_reset(facts.user),
    "login_link": lambda facts: accounts.login_link(facts.user),
    "password_ended": lambda facts: accounts.password_ended(facts.user),
    "second_factor_changed": lambda facts: second_factors.second_factor_changed(
        facts.user, SecondFactorChange.CODE_USED, left=9
    ),
    "password_changed": lambda facts: accounts.password_changed(facts.user, tokens_revoked=2),
    "email_change": lambda facts: addresses.email_change(facts.user, facts.change()),
    "email_changed": lambda facts: addresses.email_changed(
        facts.user, facts.change(is_confirmed=True)
    ),
    "data_export_ready": lambda facts: exports.data_export_ready(facts.user, facts.export()),
    "confirm_deletion": lambda facts: deletion.confirm_deletion(facts.user),
    "deletion_requested": lambda facts: deletion.deletion_requested(facts.leaving()),
    "account_deleted": lambda facts: deletion.account_deleted(facts.user, facts.erasure()),
    "guest_refused": lambda facts: accounts.guest_refused(
        facts.event, facts.user, quantity=2, refusal=PersonLimit()
    ),
    "booking_confirm": lambda facts: bookings.booking_confirmed(facts.booking()),
    "cancellation": lambda facts: bookings.booking_cancelled(
        facts.event, facts.cancelled(), by=Canceller.ORGANIZER, reason="The hall is too small"
    ),
    "ticket_offered": lambda facts: tickets.ticket_offered(facts.event, [facts.transfer()]),
    "ticket_accepted": lambda facts: tickets.ticket_accepted(
        facts.event, facts.transfer(accepted=True)
    ),
    "ticket_received": lambda facts: tickets.ticket_received(
        facts.event, facts.transfer(accepted=True)
    ),
    "ticket_void": lambda facts: tickets.ticket_void(
        facts.event, facts.transfer(accepted=True), by=Canceller.ATTENDEE
    ),
    "attendance_asked": lambda facts: attendance.attendance_asked(
        facts.event, [facts.check()], again=False
    ),
    "attendance_asked_again": lambda facts: attendance.attendance_asked(
        facts.event, [facts.check()], again=True
    ),
    "attendance_returned": lambda facts: attendance.attendance_returned(
        facts.event, facts.cancelled()
    ),
    "seats_given_back": lambda facts: attendance.seats_given_back(
        facts.event, facts.booking(), number=1
    ),
    "event_cancelled": lambda facts: events.event_cancelled(
        facts.event, facts.user.pk, bookings=[facts.cancelled()]
    ),
    "event_changed": lambda facts: events.event_changed(
        facts.event.pk,
        [facts.booking().user_id],
        key="event_changed",
        text=events.change_text(facts.event, {"venue": ("Old Mill", "The Barn")}),
    )[0],
    "reminder": lambda facts: reminders.reminder(facts.event, facts.booking().user_id),
    "payment_reminder": lambda facts: reminders.payment_reminder(facts.unpaid()),
    "offer_ending": lambda facts: reminders.offer_ending(facts.event, facts.ending()),
    "event_over": lambda facts: thanks.event_over(facts.attended(), facts.user.pk),
    "waitlist_join": lambda facts: waitlist.waitlist_joined(facts.entry()),
    "waitlist_confirm": lambda facts: places.place_to_confirm(facts.unconfirmed()),
    "waitlist_promotion": lambda facts: waitlist.promotion_made(facts.event, facts.promotion()),
    "offer_moved": lambda facts: offers.offer_moved(facts.event, facts.promotion(), is_lost=True),
    "promotion_ended": lambda facts: waitlist.promotion_ended(facts.event, facts.expired()),
    "waitlist_closed": lambda facts: waitlist.entry_closed(facts.event, facts.entry()),
    "waitlist_outgrown": lambda facts: waitlist.entry_outgrown(*facts.outgrown()),
    "draw_announced": lambda facts: draws.draw_announced(facts.event, *facts.in_draw()),
    "draw_joined": lambda facts: draws.draw_joined(facts.event, *facts.in_draw()),
    "draw_done": lambda facts: draws.draw_done(facts.event, *facts.in_draw()),
    "draw_void": lambda facts: draws.draw_void(facts.event, *facts.in_draw(), again=None),
    "draw_numbers": lambda facts: draws.numbers_due(facts.managed(), facts.in_draw()[0]),
    "address_unreachable": lambda facts: returns.address_unreachable(
        facts.user.pk, facts.user.pk, SuppressionReason.HARD_BOUNCE
    ),
    "organizer_message": lambda facts: facts.written(),
    "held_emails": lambda facts: held.held_emails(
        facts.user.pk, notify(messages=[accounts.login_link(facts.user)])
    ),
    "notification": lambda facts: GENERAL.message(
        user_id=facts.user.pk, key="news", text="The season programme is online."
    ),
}


def example_of(kind: str) -> Notification:
    """Write a notification of a kind, with all rows that it is about, and return it."""
    facts = Facts()
    (id_,) = notify(messages=[EXAMPLES[kind](facts)])
    return Notification.objects.get(pk=id_)
