"""Facts of the apps below that users are notified of: a row each, in the fact's transaction.

Those of the waitlist are in `waitlist_receivers`.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.dispatch import receiver

from bookings.models import AttendanceCheck, Booking, TicketTransfer
from bookings.operations import Canceller
from bookings.operations.placing import Addition
from bookings.queries import accepted_transfers
from bookings.signals import (
    attendance_asked,
    booking_drafted,
    bookings_cancelled,
    guest_refused,
    seats_given_back,
    tickets_handed_over,
    tickets_requested,
    transfer_accepted,
)
from evently.accounts import signals as account_signals
from evently.accounts.models import DataExport, EmailChange, SecondFactorReset, User
from evently.enqueue import enqueue_on_commit
from evently.erasure.models import Erasure
from evently.errors import DomainError
from events.changes import concerns_attendees
from events.models import Event
from events.signals import event_cancelled, event_changed
from notifications import tasks
from notifications.kinds import (
    Message,
    accounts,
    addresses,
    attendance,
    deletion,
    events,
    exports,
    places,
    second_factors,
    tickets,
)
from notifications.kinds import bookings as booking_kinds
from notifications.message_models import Hold
from notifications.operations import announcing
from notifications.operations.creating import notified_with_booking, notify
from notifications.operations.releasing import release_held
from notifications.operations.resending import send_tickets_again
from notifications.queries import was_welcomed_just_now
from notifications.returns import suppressing
from notifications.writing import states
from waitlists.models import WaitlistEntry
from waitlists.operations import AlreadyWaiting
from waitlists.outcomes import claimed_note
from waitlists.queries import unconfirmed_entry_of


# ── Accounts ────────────────────────────────────────────────────────────────
@receiver(account_signals.user_registered, dispatch_uid="notifications.welcome")
def notify_welcome(sender: type, *, user: User, **kwargs: Any) -> None:
    """Greet a new user; the email also asks to confirm the address, which a duplicate cannot."""
    notify(messages=[accounts.welcome(user, by_email=not user.is_duplicate)])


@receiver(account_signals.registration_repeated, dispatch_uid="notifications.account_exists")
def notify_account_exists(sender: type, *, user: User, **kwargs: Any) -> None:
    notify(messages=[accounts.account_exists(user)])


@receiver(
    account_signals.address_verification_requested, dispatch_uid="notifications.verify_address"
)
def notify_verification(sender: type, *, user: User, **kwargs: Any) -> None:
    """Send a link that confirms the email address, unless the welcome that has one goes out too."""
    if not was_welcomed_just_now(user_id=user.pk):
        notify(messages=[accounts.verify_address(user)])


@receiver(account_signals.password_reset_requested, dispatch_uid="notifications.password_reset")
def notify_password_reset(sender: type, *, user: User, **kwargs: Any) -> None:
    notify(messages=[accounts.password_reset(user)])


@receiver(account_signals.login_link_requested, dispatch_uid="notifications.login_link")
def notify_login_link(sender: type, *, user: User, **kwargs: Any) -> None:
    notify(messages=[accounts.login_link(user)])


@receiver(account_signals.password_changed, dispatch_uid="notifications.password_changed")
def notify_password_changed(
    sender: type, *, user: User, tokens_revoked: int | None, **kwargs: Any
) -> None:
    notify(messages=[accounts.password_changed(user, tokens_revoked=tokens_revoked)])


@receiver(account_signals.second_factor_changed, dispatch_uid="notifications.second_factor_changed")
def notify_second_factor_changed(
    sender: type,
    *,
    user: User,
    change: account_signals.SecondFactorChange,
    left: int,
    reset: SecondFactorReset | None = None,
    **kwargs: Any,
) -> None:
    notify(messages=[second_factors.second_factor_changed(user, change, left=left, reset=reset)])


@receiver(account_signals.password_ended, dispatch_uid="notifications.password_ended")
def notify_password_ended(sender: type, *, user: User, **kwargs: Any) -> None:
    notify(messages=[accounts.password_ended(user)])


@receiver(account_signals.address_confirmed, dispatch_uid="notifications.address_confirmed")
def send_what_was_held_back(sender: type, *, user: User, **kwargs: Any) -> None:
    release_held(user_id=user.pk)


@receiver(guest_refused, dispatch_uid="notifications.guest_refused")
def notify_guest_refused(
    sender: type, *, event: Event, user: User, quantity: int, refusal: DomainError, **kwargs: Any
) -> None:
    """Notify the owner of an email address why a guest was refused.

    If they are on the waitlist already with an unconfirmed place, they are asked to confirm it.
    """
    entry = unconfirmed_entry_of(event=event, user_id=user.pk)
    if entry is not None and isinstance(refusal, AlreadyWaiting):
        notify(messages=[places.place_to_confirm(entry)])
    else:
        notify(messages=[accounts.guest_refused(event, user, quantity=quantity, refusal=refusal)])


@receiver(account_signals.email_change_requested, dispatch_uid="notifications.email_change")
def notify_email_change(sender: type, *, user: User, change: EmailChange, **kwargs: Any) -> None:
    notify(messages=[addresses.email_change(user, change)])


@receiver(account_signals.email_changed, dispatch_uid="notifications.email_changed")
def notify_email_changed(sender: type, *, user: User, change: EmailChange, **kwargs: Any) -> None:
    notify(messages=[addresses.email_changed(user, change)])


@receiver(account_signals.data_export_ready, dispatch_uid="notifications.data_export_ready")
def notify_data_export(sender: type, *, user: User, export: DataExport, **kwargs: Any) -> None:
    notify(messages=[exports.data_export_ready(user, export)])


@receiver(account_signals.deletion_link_requested, dispatch_uid="notifications.confirm_deletion")
def notify_deletion_link(sender: type, *, user: User, **kwargs: Any) -> None:
    notify(messages=[deletion.confirm_deletion(user)])


@receiver(account_signals.deletion_requested, dispatch_uid="notifications.deletion_requested")
def notify_deletion_requested(sender: type, *, user: User, **kwargs: Any) -> None:
    notify(messages=[deletion.deletion_requested(user)])


@receiver(account_signals.erasure_started, dispatch_uid="notifications.account_deleted")
def notify_account_deleted(sender: type, *, user: User, erasure: Erasure, **kwargs: Any) -> None:
    notify(messages=[deletion.account_deleted(user, erasure)])


@receiver(account_signals.addresses_redigested, dispatch_uid="notifications.redigest")
def redigest_suppressed(sender: type, **kwargs: Any) -> None:
    suppressing.redigest()


# ── Bookings ────────────────────────────────────────────────────────────────
@receiver(booking_drafted, dispatch_uid="notifications.booking_confirm")
def notify_booking_confirmed(
    sender: type, *, booking: Booking, of_offer: bool = False, **kwargs: Any
) -> Addition:
    note = claimed_note(booking) if of_offer else ""
    return notified_with_booking([booking_kinds.booking_confirmed(booking, note=note)])


@receiver(tickets_requested, dispatch_uid="notifications.tickets_again")
def email_tickets_again(
    sender: type, *, booking: Booking, by_id: UUID | None, **kwargs: Any
) -> None:
    send_tickets_again(booking=booking, by_id=by_id)


@receiver(bookings_cancelled, dispatch_uid="notifications.cancellation")
def notify_bookings_cancelled(
    sender: type,
    *,
    event: Event,
    bookings: Sequence[Booking],
    by: Canceller,
    reason: str,
    **kwargs: Any,
) -> None:
    held = accepted_transfers(event_id=event.pk, booking_ids=[booking.pk for booking in bookings])
    notify(messages=[tickets.ticket_void(event, one, by=by) for one in held])
    if by is Canceller.EVENT:
        notify(messages=_event_cancelled_messages(event, bookings))
        return
    if by is Canceller.UNANSWERED:
        notify(messages=[attendance.attendance_returned(event, booking) for booking in bookings])
        return
    notify(
        messages=[
            booking_kinds.booking_cancelled(event, booking, by=by, reason=reason)
            for booking in bookings
        ]
    )


@receiver(attendance_asked, dispatch_uid="notifications.attendance_asked")
def notify_attendance_asked(
    sender: type, *, event: Event, checks: Sequence[AttendanceCheck], again: bool, **kwargs: Any
) -> None:
    """Ask each attendee once about all of their bookings."""
    by_user: dict[UUID, list[AttendanceCheck]] = {}
    for check in checks:
        by_user.setdefault(check.booking.user_id, []).append(check)
    notify(
        messages=[
            attendance.attendance_asked(event, theirs, again=again) for theirs in by_user.values()
        ]
    )


@receiver(seats_given_back, dispatch_uid="notifications.seats_given_back")
def notify_seats_given_back(
    sender: type, *, event: Event, booking: Booking, seats: int, **kwargs: Any
) -> None:
    notify(messages=[attendance.seats_given_back(event, booking, number=seats)])


@receiver(tickets_handed_over, dispatch_uid="notifications.ticket_offered")
def notify_ticket_offered(
    sender: type, *, event: Event, transfers: Sequence[TicketTransfer], **kwargs: Any
) -> None:
    notify(messages=[tickets.ticket_offered(event, transfers)])


@receiver(transfer_accepted, dispatch_uid="notifications.ticket_accepted")
def notify_ticket_accepted(
    sender: type, *, event: Event, transfer: TicketTransfer, **kwargs: Any
) -> None:
    """Notify both: the owner that it was accepted, and the recipient, who gets their link."""
    notify(
        messages=[
            tickets.ticket_accepted(event, transfer),
            tickets.ticket_received(event, transfer),
        ]
    )


def _event_cancelled_messages(event: Event, bookings: Sequence[Booking]) -> list[Message]:
    """Return one message per user, with all of their bookings and their open waitlist entry."""
    by_user: dict[UUID, list[Booking]] = {}
    for booking in bookings:
        by_user.setdefault(booking.user_id, []).append(booking)
    entries = WaitlistEntry.objects.open().filter(event_id=event.pk, user_id__in=by_user)
    entry_of = {entry.user_id: entry for entry in entries}
    return [
        events.event_cancelled(event, user_id, bookings=theirs, entry=entry_of.get(user_id))
        for user_id, theirs in by_user.items()
    ]


# ── Events ──────────────────────────────────────────────────────────────────
@receiver(event_changed, dispatch_uid="notifications.event_changed")
def notify_event_changed(
    sender: type,
    *,
    event: Event,
    changes: dict[str, tuple[Any, Any]],
    notify: bool = True,
    **kwargs: Any,
) -> None:
    """Notify all who have seats or are on the waitlist, where the change concerns them.

    Messages of the organizer that are scheduled wait to be checked, as they may be wrong by now.
    """
    if states.holds(changes):
        states.hold_scheduled(event_id=event.pk, hold=Hold.CHANGED)
    if notify and event.is_published and concerns_attendees(changes):
        is_done = announcing.announce_change(event, changes)
        if not is_done:
            enqueue_on_commit(tasks.continue_announcements_of, str(event.pk))


@receiver(event_cancelled, dispatch_uid="notifications.event_cancelled")
def hold_messages_of_cancelled(sender: type, *, event: Event, **kwargs: Any) -> None:
    states.hold_scheduled(event_id=event.pk, hold=Hold.CANCELLED)
