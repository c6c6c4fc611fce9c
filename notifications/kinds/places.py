"""The email that lets the owner of an address confirm a place on a waitlist."""

from evently.accounts.models import User
from evently.database.ids import uuid7
from evently.formatting import moment_for, money, seats, span
from evently.links import link_to
from notifications.emails.email_content import EmailContent, EmailObsolete, call_to_action
from notifications.kinds import common
from notifications.kinds.base import EMAIL_ONLY, Category, Kind, Message, Urgency
from notifications.models import Notification
from waitlists.models import WaitlistEntry


def place_to_confirm(entry: WaitlistEntry, *, before_draw: bool = False) -> Message:
    """Ask to confirm a place that was taken by entering an email address; its event is loaded.

    before_draw: asked once more, shortly before a draw closes.
    """
    event = entry.event
    key = f"waitlist_confirm:{entry.pk}:{uuid7()}"
    price = f"An offer costs at most {money(entry.unit_price, event.currency)} per seat. "
    return WAITLIST_CONFIRM.message(
        user_id=entry.user_id,
        key=f"draw_confirm:{entry.ref}" if before_draw else key,
        text=(
            f"You, or someone with your email address, joined the waitlist for {event.name}, "
            f"{span(event.event_date, event.ends_at, event.zone)}, for {seats(entry.quantity)}. "
            "Please confirm this place: until then it keeps its position, but no seats are offered "
            f"to it. {_draw_text(entry)}{price if entry.unit_price else ''}"
            "If it was not you, you can ignore this; nothing is booked."
        ),
        event_id=entry.event_id,
        data={"entry": entry.pk},
    )


def _draw_text(entry: WaitlistEntry) -> str:
    """Return until when to confirm, where a draw is pending; else ""."""
    event, closes_at = entry.event, entry.event.draw_closes_at
    if closes_at is None:
        return ""
    closes = moment_for(closes_at, event.zone, entry.own_zone)
    if entry.joined_at >= closes_at:
        return f"The list of its draw was closed on {closes}, so it ranks behind those drawn. "
    return f"The order is drawn by lot: only places that are confirmed before {closes} take part. "


def _unconfirmed(notification: Notification) -> WaitlistEntry | None:
    entries = WaitlistEntry.objects.waiting().filter(
        event_id=common.event_id_of(notification),
        pk=notification.data.get("entry"),
        user_id=notification.user_id,
        confirmed_at__isnull=True,
    )
    return entries.first()


def _write_waitlist_confirm(notification: Notification, user: User) -> EmailContent:
    entry = _unconfirmed(notification)
    if entry is None:
        # Confirmed or left while the email waited.
        raise EmailObsolete
    return call_to_action(
        heading=f"Confirm your place on the waitlist for {common.event_of(notification).name}",
        text=(
            f"{notification.message}\n\nThe button works without a password, so do not forward "
            "this email."
        ),
        button_text="Confirm my place",
        button_url=link_to(
            "entry_link_confirm",
            purpose="entry",
            row_id=entry.pk,
            event_id=entry.event_id,
            version=user.links_version,
        ),
    )


def _is_pointless(notification: Notification) -> bool:
    """Return whether the place is confirmed or has ended, or a later email asks the same."""
    later = Notification.objects.filter(
        user_id=notification.user_id,
        type=notification.type,
        created_at__gte=notification.created_at,
        pk__gt=notification.pk,
        data__entry=notification.data.get("entry"),
    )
    return _unconfirmed(notification) is None or later.exists()


# Sent whatever the preferences are, as the place is worth nothing without it; organizers can send
# it again, like other emails about their event.
WAITLIST_CONFIRM = Kind(
    name="waitlist_confirm",
    label="Confirm a place on a waitlist",
    category=Category.ACCOUNT,
    urgency=Urgency.URGENT,
    bears_head=True,
    for_organizers=True,
    channels=EMAIL_ONLY,
    write_email=_write_waitlist_confirm,
    is_superseded=_is_pointless,
)
