"""Make emails due again: failed ones get further attempts, of others a new email is made.

Each is recorded with who asked for it, which also limits how often (`trg_email_resends`). Secrets
and links are made anew when the email is sent, and it goes to the user's current address.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

from django.db.models import Count, Q

from evently.accounts.models import User
from evently.database.clock import now
from evently.database.functions import Clock
from evently.database.identity import as_worker
from evently.database.ids import uuid7
from evently.errors import Busy
from evently.transactions import refusing
from notifications.failures import TURNED_OFF
from notifications.kinds import KINDS, Message, kinds_for_organizers
from notifications.models import (
    Channel,
    DeliveryStatus,
    EmailDelivery,
    EmailResend,
    MessageKey,
    Notification,
    NotificationStatus,
)
from notifications.mute_models import EventMute
from notifications.operations.inserting import insert
from notifications.operations.preparing import address_of
from notifications.preferences import wanted_channels
from notifications.returns.listed import suppressed_among
from notifications.returns.suppressing import is_refused, worst_of
from notifications.unsubscribing.tokens import has_link

FAILED = (DeliveryStatus.FAILED, DeliveryStatus.BOUNCED)
WAITING = (DeliveryStatus.PENDING, DeliveryStatus.HELD)
# As in notifications/sql/email_resends: per email, and per person and event.
MOST_OF_ONE, MOST_PER_HOUR, MOST_PER_DAY = 3, 5, 10
LOWEST = UUID(int=0)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
EMAILS_PER_TRANSACTION = 500


class ResentTooOften(Busy):
    """The email, or others about the event to the same person, were sent again too often."""

    code = "resent_too_often"
    message = "This email has been sent again several times already. Please try again in an hour."
    retry_after_seconds = 3600


@dataclass(frozen=True)
class Resent:
    """What became of emails that were to be sent again.

    waiting: they are going to be sent anyway. too_often: over the limit. gone: their notification
    was deleted, or the account. suppressed: how many go to an address that gets no emails, by the
    reason (`SuppressionReason`), or to a person who has turned these emails off (TURNED_OFF).
    """

    sent: int = 0
    waiting: int = 0
    too_often: int = 0
    gone: int = 0
    suppressed: Mapping[str, int] = field(default_factory=Counter)

    def __add__(self, other: "Resent") -> "Resent":
        return Resent(
            self.sent + other.sent,
            self.waiting + other.waiting,
            self.too_often + other.too_often,
            self.gone + other.gone,
            Counter(self.suppressed) + Counter(other.suppressed),
        )


def failed_after(*, event_id: UUID, after: UUID = LOWEST) -> list[UUID]:
    """Return ids of failed emails of an event, EMAILS_PER_TRANSACTION at most, in their order."""
    failed = EmailDelivery.objects.filter(
        event_id=event_id, status__in=FAILED, kind__in=kinds_for_organizers(), pk__gt=after
    )
    return list(failed.order_by("pk").values_list("pk", flat=True)[:EMAILS_PER_TRANSACTION])


def make_due(ids: Sequence[UUID], *, by_id: UUID | None) -> Resent:
    """Make emails due again in the caller's transaction; return what became of them.

    Raises ResentTooOften, where others sent the same ones again at the same time.
    """
    rows = list(
        EmailDelivery.objects.select_for_update(of=("self",)).filter(pk__in=ids).order_by("pk")
    )
    waiting = sum(1 for row in rows if row.status in WAITING)
    # A link to log in, say, is not copied: its owner asks for a new one.
    rows = [row for row in rows if row.status in FAILED or _is_copied(row)]
    notifications = _notifications_of(rows)
    rows = [row for row in rows if row.notification_id in notifications]
    gone = len(ids) - waiting - len(rows)
    reasons = _unwanted_among(rows, notifications) | _suppressed_among(rows, notifications)
    rows = [row for row in rows if row.pk not in reasons]
    allowed = _within_limits(rows)
    failed = [row for row in allowed if row.status in FAILED]
    copied = _copies([row for row in allowed if row.status not in FAILED], notifications)
    # In the order in which other transactions take the locks of people.
    records = [
        EmailResend(
            delivery_id=row.pk,
            user_id=row.user_id,
            event_id=row.event_id,
            notification_id=copied.get(row.pk),
            by_id=by_id,
        )
        for row in sorted(allowed, key=lambda row: (row.user_id, row.pk))
    ]
    with refusing(trg_email_resends=ResentTooOften):
        EmailResend.objects.bulk_create(records)
    _restart(failed, notifications)
    return Resent(
        sent=len(allowed),
        waiting=waiting,
        too_often=len(rows) - len(allowed),
        gone=gone,
        suppressed=Counter(reasons.values()),
    )


def _is_copied(row: EmailDelivery) -> bool:
    return row.status not in WAITING and row.kind in kinds_for_organizers()


@as_worker()
def _notifications_of(rows: Sequence[EmailDelivery]) -> dict[UUID | None, Notification]:
    """Return the notifications of emails, of people whose account is still there."""
    found = Notification.objects.filter(
        pk__in=[row.notification_id for row in rows if row.notification_id],
        user_id__in={row.user_id for row in rows},
        user__deleted_at__isnull=True,
    )
    return {notification.pk: notification for notification in found}


@as_worker()
def _suppressed_among(
    rows: Sequence[EmailDelivery], notifications: dict[UUID | None, Notification]
) -> dict[UUID, str]:
    """Return the emails whose present address gets none of their kind, with the reason.

    They would fail again, so that nobody could tell them from those that may be tried again.
    """
    users = User.objects.with_keys().in_bulk({row.user_id for row in rows})
    addresses = {}
    for row in rows:
        notification, user = notifications[row.notification_id], users.get(row.user_id)
        kind = KINDS.get(notification.type)
        if user is not None and kind is not None:
            addresses[row.pk] = kind, address_of(notification, kind, user)
    listed = suppressed_among(address for _, address in addresses.values())
    return {
        id_: worst_of(listed[address])
        for id_, (kind, address) in addresses.items()
        if address in listed and is_refused(listed[address], kind)
    }


@as_worker()
def _unwanted_among(
    rows: Sequence[EmailDelivery], notifications: dict[UUID | None, Notification]
) -> dict[UUID, str]:
    """Return the emails of kinds that their recipients have unsubscribed from.

    Whoever sends them again, they are not sent (`preparing.channels_for`).
    """
    kinds = {row.pk: KINDS.get(notifications[row.notification_id].type) for row in rows}
    rows = [row for row in rows if (kind := kinds[row.pk]) is not None and has_link(kind)]
    if not rows:
        return {}
    user_ids = {row.user_id for row in rows}
    preferences = dict(User.objects.filter(pk__in=user_ids).values_list("pk", "preferences"))
    muted: dict[tuple[UUID | None, UUID], set[tuple[str, str]]] = defaultdict(set)
    mutes = EventMute.objects.filter(
        event_id__in={row.event_id for row in rows}, user_id__in=user_ids
    )
    for mute in mutes:
        muted[mute.event_id, mute.user_id].add((mute.category, mute.channel))
    return {
        row.pk: TURNED_OFF
        for row in rows
        if (kind := kinds[row.pk]) is not None
        and not wanted_channels(
            [Channel.EMAIL],
            kind,
            preferences=preferences.get(row.user_id, {}),
            entry_preferences={},
            muted=muted[row.event_id, row.user_id],
        )
    }


def _within_limits(rows: Sequence[EmailDelivery]) -> list[EmailDelivery]:
    """Return the emails that may be sent again now; the trigger decides where two ask at once."""
    at = now()
    since_hour, since_day = Q(created_at__gt=at - HOUR), Q(created_at__gt=at - DAY)
    of_one = dict(
        EmailResend.objects.filter(since_hour, delivery_id__in=[row.pk for row in rows])
        .order_by()
        .values_list("delivery_id")
        .annotate(number=Count("pk"))
    )
    used = {
        (user_id, event_id): [last_hour, last_day]
        for user_id, event_id, last_hour, last_day in EmailResend.objects.filter(
            since_day, user_id__in={row.user_id for row in rows}, notification_id__isnull=False
        )
        .order_by()
        .values_list("user_id", "event_id")
        .annotate(last_hour=Count("pk", filter=since_hour), last_day=Count("pk"))
    }
    allowed = []
    for row in rows:
        if of_one.get(row.pk, 0) >= MOST_OF_ONE:
            continue
        if row.status not in FAILED:
            counts = used.setdefault((row.user_id, row.event_id), [0, 0])
            if counts[0] >= MOST_PER_HOUR or counts[1] >= MOST_PER_DAY:
                continue
            counts[0] += 1
            counts[1] += 1
        allowed.append(row)
    return allowed


@as_worker()
def _copies(
    rows: Sequence[EmailDelivery],
    notifications: dict[UUID | None, Notification],
) -> dict[UUID, UUID]:
    """Make a notification by email for each email; return them by the email's id."""
    messages, by_key = [], {}
    for row in rows:
        original = notifications[row.notification_id]
        key = f"{original.type}:again:{uuid7()}"
        by_key[key] = row.pk
        messages.append(
            Message(
                kind=KINDS[original.type],
                user_id=row.user_id,
                key=key,
                text=original.message,
                event_id=original.event_id,
                # Asked for by a person, so it is sent whatever the user's preferences are, unless
                # the user can unsubscribe from it.
                data={**original.data, "again": True},
                channels=(Channel.EMAIL,),
            )
        )
    insert(messages)
    keys = MessageKey.objects.filter(user_id__in={row.user_id for row in rows}, key__in=by_key)
    return {by_key[key]: id_ for key, id_ in keys.values_list("key", "notification_id")}


@as_worker()
def _restart(rows: Sequence[EmailDelivery], notifications: dict[UUID | None, Notification]) -> None:
    """Give failed emails a full set of attempts.

    An attempt whose answer was lost stays open: the next one records that it may be a repetition.
    """
    EmailDelivery.objects.filter(pk__in=[row.pk for row in rows]).update(
        status=DeliveryStatus.PENDING,
        send_attempts=0,
        error_message="",
        next_attempt_at=Clock(),
    )
    created = [notifications[row.notification_id].created_at for row in rows]
    if created:
        # created_at limits the update to their partitions.
        Notification.objects.filter(
            pk__in=[row.notification_id for row in rows],
            user_id__in={row.user_id for row in rows},
            created_at__range=(min(created), max(created)),
        ).update(status=NotificationStatus.PENDING, next_attempt_at=Clock())
