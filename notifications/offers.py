"""What became of the messages about offers, which decides when these end.

`waitlists.operations.reaching` has the rule; here is what is stored about messages.
"""

from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

import structlog
from django.db import connection
from django.db.models import Q

from evently.database.clock import now
from evently.transactions import EventBusy, run_in_transaction
from notifications.failures import SUPPRESSED
from notifications.kinds.rows import rows_of
from notifications.kinds.waitlist import WAITLIST_PROMOTION
from notifications.models import (
    Channel,
    DeliveryStatus,
    EmailDelivery,
    Notification,
    NotificationStatus,
)
from notifications.return_models import EmailReturn, ReturnOutcome
from waitlists.models import Promotion
from waitlists.operations import reaching
from waitlists.operations.reaching import Reach, ReachState

# Anyone who has an email can write a report like those that come to this source.
MAILBOX = "mailbox"
OUT = (DeliveryStatus.SENT, DeliveryStatus.DELIVERED)
WAITS = (DeliveryStatus.PENDING, DeliveryStatus.HELD)

# The lane that sends this has other emails to send.
WAIT_FOR_A_MOMENT = "SET LOCAL lock_timeout = '300ms'"

log = structlog.get_logger(__name__)


def reach_of(promotions: Sequence[Promotion]) -> dict[UUID, Reach]:
    """Return what is known of the messages about offers of one event.

    Nothing of those that were read in the app, or that only the app was to have: also as their
    address gets no emails, which its owner has been told.
    """
    by_offer = _messages_of(promotions)
    emails = _emails_of(each for some in by_offer.values() for each in some)
    lost_by = _bounces_of(emails.values())
    found = {}
    for offer_id, messages in by_offer.items():
        states = [_state_of(each, emails.get(each.pk), lost_by) for each in messages]
        known = [state for state in states if state is not None]
        if len(known) < len(states) or not known:
            continue
        # Sent again: the best of them counts.
        found[offer_id] = min(known, key=lambda each: list(ReachState).index(each.state))
    return found


def follow_handed_over(notification: Notification) -> None:
    """Move the end of an offer whose email was handed over just now, if that was late."""
    if notification.type != WAITLIST_PROMOTION.name or notification.event_id is None:
        return
    offer = rows_of(notification).offer(
        notification.event_id, notification.data.get("promotion"), user_id=notification.user_id
    )
    if offer is not None and reaching.end_if_told(offer, at=now()) != offer.expires_at:
        follow_now(notification)


def follow_now(notification: Notification) -> None:
    """Let an offer follow what became of its email, in a transaction of its own.

    Where that fails, as the event is locked, it is done before the offer ends.
    """

    def work() -> None:
        with connection.cursor() as cursor:
            cursor.execute(WAIT_FOR_A_MOMENT)
        follow(notification)

    try:
        run_in_transaction(work)
    except EventBusy:
        log.info("offer_followed_later", notification_id=str(notification.pk))
    except Exception:
        log.exception("offer_not_followed", notification_id=str(notification.pk))


def follow(notification: Notification | None) -> None:
    """Let an offer follow what became of its email, in the caller's transaction.

    Raises EventBusy.
    """
    if notification is None or notification.type != WAITLIST_PROMOTION.name:
        return
    event_id, offer_id = notification.event_id, notification.data.get("promotion")
    if event_id is None or offer_id is None:
        return
    if Promotion.objects.filter(event_id=event_id, pk=offer_id).exists():
        reaching.follow(event_id=event_id, promotion_id=UUID(str(offer_id)))


def _messages_of(promotions: Sequence[Promotion]) -> dict[UUID, list[Notification]]:
    """Return the messages about offers, by offer: more than one where it was sent again."""
    found: dict[UUID, list[Notification]] = {promotion.pk: [] for promotion in promotions}
    if not promotions:
        return found
    rows = Notification.objects.filter(
        user_id__in={promotion.user_id for promotion in promotions},
        event_id__in={promotion.event_id for promotion in promotions},
        type=WAITLIST_PROMOTION.name,
        created_at__gte=min(promotion.promoted_at for promotion in promotions),
    )
    for row in rows:
        offer_id = UUID(str(row.data.get("promotion", UUID(int=0))))
        if offer_id in found:
            found[offer_id].append(row)
    return found


def _emails_of(messages: Iterable[Notification]) -> dict[UUID | None, EmailDelivery]:
    pairs = [(each.pk, each.user_id) for each in messages]
    rows = EmailDelivery.objects.filter(
        notification_id__in=[pk for pk, _ in pairs], user_id__in={user_id for _, user_id in pairs}
    )
    return {row.notification_id: row for row in rows}


def _bounces_of(emails: Iterable[EmailDelivery]) -> Mapping[UUID, EmailReturn]:
    """Return the first proven bounce of each email that has come back."""
    ids = [email.pk for email in emails if email.status == DeliveryStatus.BOUNCED]
    if not ids:
        return {}
    rows = EmailReturn.objects.filter(
        Q(outcome=ReturnOutcome.BOUNCED), delivery_id__in=ids, is_proven=True
    ).order_by("-created_at", "-id")
    return {row.delivery_id: row for row in rows}


def _state_of(
    message: Notification, email: EmailDelivery | None, bounces: Mapping[UUID, EmailReturn]
) -> Reach | None:
    """Return what became of one message; None where it is, or was, in the app as it should be."""
    if Channel.EMAIL not in message.channels:
        return None
    if Channel.IN_APP in message.channels and message.read:
        return None
    if email is None:
        is_waiting = message.status == NotificationStatus.PENDING
        return Reach(ReachState.WAITING) if is_waiting else None
    if email.status in WAITS:
        return Reach(ReachState.WAITING)
    if email.status in OUT:
        return Reach(ReachState.REACHED, at=message.sent_at)
    if email.status == DeliveryStatus.FAILED:
        if email.error_message.startswith(SUPPRESSED):
            return None
        return Reach(ReachState.LOST)
    bounce = bounces.get(email.pk)
    if bounce is None:
        return Reach(ReachState.REACHED, at=message.sent_at)
    is_certain = bounce.is_permanent or bounce.source != MAILBOX
    return Reach(ReachState.LOST, is_certain=is_certain)
