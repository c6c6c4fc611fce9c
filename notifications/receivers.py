"""Facts of the apps below that people are told of: a row each, in the fact's own transaction."""

from collections.abc import Sequence
from typing import Any

from django.dispatch import receiver

from bookings.models import Booking
from bookings.operations import Canceller
from bookings.signals import booking_confirmed, bookings_cancelled, guest_refused
from evently.accounts import signals as accounts
from evently.accounts.models import User
from evently.errors import DomainError
from events.models import Event
from events.signals import event_changed
from notifications import messages
from notifications.models import MessageType
from notifications.operations.creating import notify
from notifications.queries import people_of_event, was_welcomed_just_now
from waitlists.models import Promotion, WaitlistEntry
from waitlists.signals import entries_closed, promotions_ended, promotions_made, waitlist_joined


@receiver(accounts.user_registered, dispatch_uid="notifications.welcome")
def tell_welcome(sender: type, *, user: User, **kwargs: Any) -> None:
    """Greet a new account."""
    notify(messages=[messages.welcome(user)])


@receiver(accounts.registration_repeated, dispatch_uid="notifications.account_exists")
def mail_account_exists(sender: type, *, user: User, **kwargs: Any) -> None:
    """Mail the owner of an address that somebody tried to sign up with it."""
    notify(messages=[messages.account_mail(user, MessageType.ACCOUNT_EXISTS)])


@receiver(accounts.address_verification_requested, dispatch_uid="notifications.verify_address")
def mail_verification(sender: type, *, user: User, **kwargs: Any) -> None:
    """Mail a link that confirms the address; the welcome of a moment ago has one already."""
    if not was_welcomed_just_now(user_id=user.pk):
        notify(messages=[messages.account_mail(user, MessageType.VERIFY_ADDRESS)])


@receiver(accounts.password_reset_requested, dispatch_uid="notifications.password_reset")
def mail_password_reset(sender: type, *, user: User, **kwargs: Any) -> None:
    """Mail a link that sets a new password."""
    notify(messages=[messages.account_mail(user, MessageType.PASSWORD_RESET)])


@receiver(accounts.login_link_requested, dispatch_uid="notifications.login_link")
def mail_login_link(sender: type, *, user: User, **kwargs: Any) -> None:
    """Mail a link that logs in."""
    notify(messages=[messages.account_mail(user, MessageType.LOGIN_LINK)])


@receiver(accounts.password_ended, dispatch_uid="notifications.password_ended")
def mail_password_ended(sender: type, *, user: User, **kwargs: Any) -> None:
    """Mail the owner of an address that a booking has ended its password."""
    notify(messages=[messages.password_ended(user)])


@receiver(guest_refused, dispatch_uid="notifications.guest_refused")
def mail_guest_refused(
    sender: type, *, event: Event, user: User, quantity: int, refusal: DomainError, **kwargs: Any
) -> None:
    """Mail the owner of an address what somebody asked for with it, and why it was refused."""
    notify(messages=[messages.guest_refused(event, user, quantity=quantity, refusal=refusal)])


@receiver(booking_confirmed, dispatch_uid="notifications.booking_confirm")
def tell_booking(sender: type, *, booking: Booking, **kwargs: Any) -> None:
    """Confirm a booking."""
    notify(messages=[messages.booking_confirmed(booking)])


@receiver(bookings_cancelled, dispatch_uid="notifications.cancellation")
def tell_cancellations(
    sender: type,
    *,
    event: Event,
    bookings: Sequence[Booking],
    by: Canceller,
    reason: str,
    **kwargs: Any,
) -> None:
    """Tell that bookings are cancelled."""
    notify(
        messages=[
            messages.booking_cancelled(event, booking, by=by, reason=reason) for booking in bookings
        ]
    )


@receiver(event_changed, dispatch_uid="notifications.event_changed")
def tell_event_change(
    sender: type, *, event: Event, changes: dict[str, tuple[Any, Any]], **kwargs: Any
) -> None:
    """Tell everybody who has seats or waits for them what changed."""
    if event.is_published and messages.TOLD_CHANGES.keys() & changes.keys():
        people = people_of_event(event_id=event.pk)
        notify(messages=messages.event_changed(event, changes, people))


@receiver(waitlist_joined, dispatch_uid="notifications.waitlist_join")
def tell_place_in_line(sender: type, *, entry: WaitlistEntry, **kwargs: Any) -> None:
    """Confirm a place in line."""
    notify(messages=[messages.waitlist_joined(entry)])


@receiver(promotions_made, dispatch_uid="notifications.waitlist_promotion")
def tell_promotions(
    sender: type, *, event: Event, promotions: Sequence[Promotion], **kwargs: Any
) -> None:
    """Tell those whose seats are kept."""
    notify(messages=[messages.promotion_made(event, promotion) for promotion in promotions])


@receiver(promotions_ended, dispatch_uid="notifications.promotion_ended")
def tell_promotion_ends(
    sender: type, *, event: Event, promotions: Sequence[Promotion], **kwargs: Any
) -> None:
    """Tell those whose offer has ended; where the event is off, they are told that instead."""
    if not event.is_cancelled:
        notify(messages=[messages.promotion_ended(event, promotion) for promotion in promotions])


@receiver(entries_closed, dispatch_uid="notifications.waitlist_closed")
def tell_closed_lines(
    sender: type,
    *,
    event: Event,
    entries: Sequence[WaitlistEntry],
    **kwargs: Any,
) -> None:
    """Tell those who still stood in line that it is closed."""
    notify(messages=[messages.entry_closed(event, entry) for entry in entries])
