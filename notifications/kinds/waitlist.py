"""Notifications about the waitlist and its offers."""

from copy import copy
from decimal import Decimal
from uuid import UUID

from django.conf import settings

from evently.accounts.models import User
from evently.database.ids import uuid7
from evently.formatting import moment, moment_for, money, seats
from evently.links import link_to
from events.models import Event
from notifications.emails.email_content import EmailContent, EmailObsolete, call_to_action
from notifications.kinds import common, holdings
from notifications.kinds.base import (
    IN_APP_ONLY,
    Category,
    Kind,
    Message,
    Urgency,
    link_to_event,
    link_to_row,
)
from notifications.kinds.events import event_cancelled
from notifications.kinds.offers import offer_url
from notifications.kinds.rows import rows_of
from notifications.models import Notification, TemplateType
from waitlists import outcomes
from waitlists.models import OPEN_STATUSES, Promotion, PromotionStatus, WaitlistEntry
from waitlists.operations import reaching


# ── Joined a waitlist ───────────────────────────────────────────────────────
def waitlist_joined(entry: WaitlistEntry) -> Message:
    """Confirm a waitlist entry; its event is loaded. Joining again is confirmed again."""
    text = f"You asked for {seats(entry.quantity)} and are on the waitlist for {entry.event.name}"
    text += f", at position {entry.position}." if entry.position else "."
    return WAITLIST_JOIN.message(
        user_id=entry.user_id,
        key=f"waitlist_join:{entry.pk}:{uuid7()}",
        text=text,
        event_id=entry.event_id,
        data={"entry": entry.pk},
    )


def _write_waitlist_join(notification: Notification, user: User) -> EmailContent:
    entry = common.entry_of(notification)
    if entry is None or not entry.is_waiting:
        # Left, or offered seats, while the email waited.
        raise EmailObsolete
    event = entry.event
    return EmailContent(
        values={
            **common.event_values(event),
            "quantity": seats(entry.quantity),
            "position": str(entry.position),
            "maximumPrice": most_to_pay(event, entry.unit_price),
            "entryUrl": _entry_url(entry.pk, entry.event, user),
        }
    )


def most_to_pay(event: Event, unit_price: Decimal) -> str:
    return f"{money(unit_price, event.currency)} per seat" if unit_price else "Free of charge"


def _has_left(notification: Notification) -> bool:
    """Return whether the entry has ended, or was joined again, which has an email of its own."""
    later = Notification.objects.filter(
        user_id=notification.user_id,
        type=notification.type,
        created_at__gte=notification.created_at,
        pk__gt=notification.pk,
        data__entry=notification.data.get("entry"),
    )
    waiting = WaitlistEntry.objects.filter(
        event_id=common.event_id_of(notification),
        pk=notification.data.get("entry"),
        status__in=OPEN_STATUSES,
    )
    return later.exists() or not waiting.exists()


WAITLIST_JOIN = Kind(
    name="waitlist_join",
    label="Joined a waitlist",
    category=Category.WAITLIST,
    urgency=Urgency.SOON,
    bears_head=True,
    icon="list-ordered",
    link=link_to_row("waitlist_entry", "entry", "Show my position"),
    template=TemplateType.WAITLIST_JOIN,
    write_email=_write_waitlist_join,
    is_superseded=_has_left,
)


# ── Seats offered ───────────────────────────────────────────────────────────
def promotion_made(event: Event, promotion: Promotion) -> Message:
    """Notify of an offer, with the time until which its seats are held."""
    return WAITLIST_PROMOTION.message(
        user_id=promotion.user_id,
        key=f"promotion:{promotion.pk}",
        text=(
            f"{seats(promotion.quantity)} for {event.name} "
            f"{'is' if promotion.quantity == 1 else 'are'} held for you until "
            f"{moment(promotion.expires_at, event.zone)}. Claim or decline in time."
            f"{_drawn(promotion)}"
        ),
        event_id=event.pk,
        data={"promotion": promotion.pk, "entry": promotion.waitlist_id},
    )


def _drawn(promotion: Promotion) -> str:
    """Return which place was drawn, loaded with the offer; "" where there was no draw."""
    place = promotion.waitlist.draw_place
    return f" You were drawn at place {place}." if place else ""


def _write_waitlist_promotion(notification: Notification, user: User) -> EmailContent:
    rows = rows_of(notification)
    offer = rows.offer(
        common.event_id_of(notification),
        notification.data.get("promotion"),
        user_id=notification.user_id,
    )
    if offer is None:
        raise EmailObsolete
    # Where it waited for long, the time to claim begins as it goes out.
    offer = copy(offer)
    offer.expires_at = reaching.end_if_told(offer, at=rows.now)
    if not offer.is_open(at=rows.now):
        raise EmailObsolete
    event, total = offer.event, offer.unit_price * offer.quantity
    beside = holdings.besides_text(holdings.holdings_of(notification))
    notes = [
        price_note(total),
        beside,
        outcomes.offer_text(offer, offer.waitlist),
        outcomes.decline_note(offer, at=rows.now),
        _drawn(offer).strip(),
    ]
    return EmailContent(
        values={
            **common.event_values(event),
            "quantity": seats(offer.quantity),
            "totalAmount": money(total, event.currency) if total else "Free of charge",
            "priceNote": " ".join(filter(None, notes)),
            "expiresAt": moment_for(offer.expires_at, event.zone, offer.waitlist.own_zone),
            "claimUrl": offer_url(offer.pk, event.pk, user),
            "entryUrl": _entry_url(offer.waitlist_id, event, user),
        }
    )


def price_note(total: Decimal) -> str:
    if not total:
        return "There is nothing to pay."
    return "This is the most you pay: if the price has fallen by the time you claim, you pay less."


WAITLIST_PROMOTION = Kind(
    name="waitlist_promotion",
    label="Seats offered",
    category=Category.OFFERS,
    urgency=Urgency.URGENT,
    bears_head=True,
    icon="armchair",
    link=link_to_row("promotion", "promotion", "Claim or decline"),
    template=TemplateType.WAITLIST_PROMOTION,
    write_email=_write_waitlist_promotion,
)


# ── Offer ended ─────────────────────────────────────────────────────────────
def promotion_ended(event: Event, promotion: Promotion) -> Message:
    """Notify that an offer has ended, loaded with its entry; a user who declined gets no email."""
    declined = promotion.status == PromotionStatus.DECLINED
    what = f"{seats(promotion.quantity)} for {event.name}"
    entry = promotion.waitlist
    sentences = [
        f"You have declined {what}.",
        outcomes.place_text(promotion, entry),
        outcomes.lapse_text(promotion, entry),
    ]
    if not declined:
        sentences = [
            f"Your offer of {what} has expired, so the "
            f"{'seat is' if promotion.quantity == 1 else 'seats are'} no longer held for you.",
            outcomes.lapse_text(promotion, entry),
            "The event’s page shows what is possible now.",
        ]
    return PROMOTION_ENDED.message(
        user_id=promotion.user_id,
        key=f"promotion_ended:{promotion.pk}",
        text=" ".join(filter(None, sentences)),
        event_id=event.pk,
        channels=IN_APP_ONLY if declined else None,
        data={"promotion": promotion.pk, "entry": promotion.waitlist_id},
    )


def _write_promotion_ended(notification: Notification, user: User) -> EmailContent:
    event = common.event_of(notification)
    return call_to_action(
        heading=f"Your offer for {event.name} has ended",
        text=notification.message,
        button_text="Show the event",
        button_url=common.event_url(event),
    )


PROMOTION_ENDED = Kind(
    name="promotion_ended",
    label="Offer ended",
    category=Category.OFFERS,
    urgency=Urgency.SOON,
    bears_head=True,
    icon="hourglass",
    link=link_to_event,
    write_email=_write_promotion_ended,
)


# ── Entry expired ───────────────────────────────────────────────────────────
def entry_closed(event: Event, entry: WaitlistEntry) -> Message:
    """Notify a user who was still waiting that their entry or the whole event has ended."""
    if event.is_cancelled:
        return event_cancelled(event, entry.user_id, entry=entry)
    return WAITLIST_CLOSED.message(
        user_id=entry.user_id,
        key=f"waitlist_closed:{entry.pk}:{entry.joined_at.isoformat()}",
        text=f"Your waitlist entry for {event.name} has expired without an offer.",
        event_id=event.pk,
        data={"entry": entry.pk},
    )


def _write_waitlist_closed(notification: Notification, user: User) -> EmailContent:
    return call_to_action(
        heading=f"Your waitlist entry for {common.event_of(notification).name} has expired",
        text=notification.message,
        button_text="Find another event",
        button_url=settings.PUBLIC_URL,
    )


WAITLIST_CLOSED = Kind(
    name="waitlist_closed",
    label="Waitlist entry expired",
    category=Category.WAITLIST,
    bears_head=True,
    icon="door-open",
    link=link_to_event,
    write_email=_write_waitlist_closed,
)


# ── Fewer seats than an entry needs ─────────────────────────────────────────
def entry_outgrown(event: Event, entry: WaitlistEntry) -> Message:
    """Notify a user that the event has fewer seats than they need, and what they can do."""
    return WAITLIST_OUTGROWN.message(
        user_id=entry.user_id,
        key=f"waitlist_outgrown:{entry.pk}:{uuid7()}",
        text=(
            f"{event.name} now has only {seats(event.total_capacity)}. You are on its waitlist for "
            f"at least {entry.min_quantity}, so no offer can be made to you. Lower the number you "
            "need to keep your chance; your position stays."
        ),
        event_id=event.pk,
        data={"entry": entry.pk},
    )


def _write_waitlist_outgrown(notification: Notification, user: User) -> EmailContent:
    event = common.event_of(notification)
    entry = common.entry_of(notification)
    if entry is None or not entry.is_outgrown(capacity=event.total_capacity):
        raise EmailObsolete
    return call_to_action(
        heading="This event no longer has enough seats for you",
        text=notification.message,
        button_text="Change the number I need",
        button_url=_entry_url(entry.pk, event, user),
    )


WAITLIST_OUTGROWN = Kind(
    name="waitlist_outgrown",
    label="Fewer seats than a waitlist entry needs",
    category=Category.WAITLIST,
    urgency=Urgency.SOON,
    bears_head=True,
    icon="info",
    link=link_to_row("waitlist_entry", "entry", "Change the number I need"),
    write_email=_write_waitlist_outgrown,
)


# ── Shared ──────────────────────────────────────────────────────────────────
def _entry_url(entry_id: UUID, event: Event, user: User) -> str:
    return link_to(
        "entry_link",
        purpose="entry",
        row_id=entry_id,
        event_id=event.pk,
        version=user.links_version,
    )
