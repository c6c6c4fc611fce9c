"""The notification that an email about an offer did not arrive, or that its end was moved."""

from uuid import UUID

from evently.accounts.models import User
from evently.formatting import moment, seats
from evently.links import link_to
from events.models import Event
from notifications.emails.email_content import EmailContent, EmailObsolete, call_to_action
from notifications.kinds import common
from notifications.kinds.base import IN_APP_ONLY, Category, Kind, Message, link_to_row
from notifications.kinds.rows import rows_of
from notifications.models import Notification
from waitlists.models import MovedReason, Promotion

LOST = "Our email about this offer did not reach you, so we tell you here."
WHY: dict[str, str] = {
    MovedReason.LATE: "The email about it went out late, so you have longer.",
    MovedReason.WAITING: "The email about it has not gone out yet, so you have longer.",
}


def offer_moved(event: Event, promotion: Promotion, *, is_lost: bool) -> Message:
    """Tell a user in the app of an offer again. is_lost: the email did not arrive."""
    why = LOST if is_lost else WHY.get(promotion.moved_reason, "")
    return OFFER_MOVED.message(
        user_id=promotion.user_id,
        key=f"offer_{'lost' if is_lost else 'moved'}:{promotion.pk}",
        text=(
            f"{seats(promotion.quantity)} for {event.name} "
            f"{'is' if promotion.quantity == 1 else 'are'} held for you until "
            f"{moment(promotion.expires_at, event.zone)}. {why} Claim or decline in time."
        ),
        event_id=event.pk,
        data={"promotion": promotion.pk, "entry": promotion.waitlist_id},
    )


def offer_url(offer_id: UUID, event_id: UUID, user: User) -> str:
    """Return the link by which a user claims or declines an offer without logging in."""
    return link_to(
        "promotion_link",
        purpose="promotion",
        row_id=offer_id,
        event_id=event_id,
        version=user.links_version,
    )


def _write(notification: Notification, user: User) -> EmailContent:
    rows, event_id = rows_of(notification), common.event_id_of(notification)
    offer = rows.offer(event_id, notification.data.get("promotion"), user_id=notification.user_id)
    if offer is None or not offer.is_open(at=rows.now):
        raise EmailObsolete
    return call_to_action(
        heading=f"Your offer for {common.event_of(notification).name}",
        text=notification.message,
        button_text="Claim or decline",
        button_url=offer_url(offer.pk, event_id, user),
    )


OFFER_MOVED = Kind(
    name="offer_moved",
    label="Email about an offer came late or not at all",
    category=Category.OFFERS,
    channels=IN_APP_ONLY,
    bears_head=True,
    icon="armchair",
    link=link_to_row("promotion", "promotion", "Claim or decline"),
    write_email=_write,
)
