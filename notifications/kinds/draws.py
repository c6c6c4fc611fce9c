"""Draws: announced, joined, done and void; and, for organizers, numbers that are due."""

from uuid import UUID

from django.urls import reverse

from evently.accounts.models import User
from evently.database.ids import uuid7
from evently.formatting import moment, moment_for
from evently.links import absolute, link_to
from events.models import Event
from notifications.emails.email_content import EmailContent, EmailObsolete, call_to_action
from notifications.kinds import common
from notifications.kinds.base import Category, Kind, Link, Message, Urgency, link_to_row
from notifications.models import Notification
from waitlists.models import Draw, WaitlistEntry

NO_FORWARDING = "The button works without a password, so do not forward this email."


# ── Those who wait ──────────────────────────────────────────────────────────
def draw_announced(event: Event, draw: Draw, entry: WaitlistEntry) -> Message:
    """Notify someone who waited before that the order will be drawn."""
    text = (
        f"The order of the waitlist for {event.name} will be drawn by lot, so that it no longer "
        f"matters who joined first. {_takes_part(event, draw, entry)} "
        f"{_result_due(event, draw, entry)} Until then, no seats are sold or offered."
    )
    return _message(DRAW_ANNOUNCED, event, draw, entry, text=text)


def draw_joined(event: Event, draw: Draw, entry: WaitlistEntry) -> Message:
    """Confirm that someone has joined while a draw is pending. Joining again is confirmed again."""
    if entry.joined_at < draw.closes_at:
        text = (
            f"You are in the draw for {event.name}, with one lot like everyone else. "
            f"{_result_due(event, draw, entry)} Seats are then offered in the order drawn, and an "
            "offer holds them for you for some time."
        )
    else:
        closed = moment_for(draw.closes_at, event.zone, entry.own_zone)
        text = (
            f"You are on the waitlist for {event.name}. The list of its draw was closed on "
            f"{closed}, so you have no lot, and rank behind everyone who is drawn."
        )
    return _message(DRAW_JOINED, event, draw, entry, text=text, again=True)


def draw_done(event: Event, draw: Draw, entry: WaitlistEntry) -> Message:
    """Say which place was drawn, to someone who has no offer yet."""
    position = f"You are now at position {entry.position}. " if entry.position else ""
    text = (
        f"The order of the waitlist for {event.name} was drawn: you have place {entry.draw_place} "
        f"of {draw.lots}. {position}Seats that become available are offered in this order, and you "
        "are notified of an offer to you. You can check your place yourself: the page of your "
        "place has one line for it."
    )
    return _message(DRAW_DONE, event, draw, entry, text=text)


def draw_void(event: Event, draw: Draw, entry: WaitlistEntry, *, again: Draw | None) -> Message:
    """Say why a draw is void, and what holds now. again: the draw that repeats it."""
    text = f"The draw for {event.name} is void: {draw.void_reason}."
    if again is None and draw.leaves_order_of_joining:
        text += " Seats are offered in the order in which people joined."
    elif again is not None:
        text += (
            f" It is repeated as draw {again.number}. {_takes_part(event, again, entry)} "
            f"{_result_due(event, again, entry)}"
        )
    return _message(DRAW_VOID, event, draw, entry, text=text)


def _takes_part(event: Event, draw: Draw, entry: WaitlistEntry) -> str:
    closes = moment_for(draw.closes_at, event.zone, entry.own_zone)
    if entry.is_confirmed:
        return f"Everyone who has a confirmed place before {closes} takes part; you do."
    return f"Confirm your place before {closes}: only confirmed places take part."


def _result_due(event: Event, draw: Draw, entry: WaitlistEntry) -> str:
    return f"The result is due on {moment_for(draw.beacon_at, event.zone, entry.own_zone)}."


def _message(
    kind: Kind, event: Event, draw: Draw, entry: WaitlistEntry, *, text: str, again: bool = False
) -> Message:
    key = f"{kind.name}:{draw.pk}:{entry.pk}"
    return kind.message(
        user_id=entry.user_id,
        key=f"{key}:{uuid7()}" if again else key,
        text=text,
        event_id=event.pk,
        data={"entry": entry.pk, "draw": draw.pk},
    )


def _write(notification: Notification, user: User) -> EmailContent:
    event = common.event_of(notification)
    entry = common.entry_of(notification)
    if entry is None or not entry.is_open:
        # Left while the email waited.
        raise EmailObsolete
    confirms = entry.is_waiting and not entry.is_confirmed
    return call_to_action(
        heading=HEADINGS[notification.type].format(event=event.name),
        text=f"{notification.message}\n\n{NO_FORWARDING}",
        button_text="Confirm my place" if confirms else "Show my place",
        button_url=link_to(
            "entry_link_confirm" if confirms else "entry_link",
            purpose="entry",
            row_id=entry.pk,
            event_id=event.pk,
            version=user.links_version,
        ),
    )


def _kind(name: str, label: str, icon: str = "dices") -> Kind:
    return Kind(
        name=name,
        label=label,
        category=Category.WAITLIST,
        bears_head=True,
        icon=icon,
        link=link_to_row("waitlist_entry", "entry", "Show my place"),
        write_email=_write,
    )


DRAW_ANNOUNCED = _kind("draw_announced", "Draw announced")
DRAW_JOINED = _kind("draw_joined", "Joined a draw")
DRAW_DONE = _kind("draw_done", "Place drawn")
DRAW_VOID = _kind("draw_void", "Draw void", icon="info")
HEADINGS = {
    "draw_announced": "Seats for {event} are drawn by lot",
    "draw_joined": "You have joined the draw for {event}",
    "draw_done": "Your place in the draw for {event}",
    "draw_void": "The draw for {event} is void",
}


# ── Organizers ──────────────────────────────────────────────────────────────
def numbers_due(event: Event, draw: Draw) -> Message:
    """Ask the organizer for the numbers that decide a draw; once."""
    return DRAW_NUMBERS.message(
        user_id=event.created_by_id,
        key=numbers_key(draw.pk),
        text=(
            f"The draw for {event.name} waits for its numbers: {draw.beacon_name}. Enter them by "
            f"{moment(draw.reveal_by, event.zone)}; otherwise the draw is void, and is repeated."
        ),
        event_id=event.pk,
        data={"draw": draw.pk},
    )


def numbers_key(draw_id: UUID) -> str:
    return f"draw_numbers:{draw_id}"


def _write_numbers(notification: Notification, user: User) -> EmailContent:
    event_id = common.event_id_of(notification)
    draws = Draw.objects.pending().filter(event_id=event_id, pk=notification.data.get("draw"))
    if not draws.exists():
        # Entered, or void, while the email waited.
        raise EmailObsolete
    return call_to_action(
        heading="Enter the numbers of the draw",
        text=notification.message,
        button_text="Enter the numbers",
        button_url=absolute(reverse("admin:event_draw_numbers", args=[event_id])),
    )


def _link_to_numbers(notification: Notification) -> Link | None:
    if notification.event_id is None:
        return None
    url = reverse("admin:event_draw", args=[notification.event_id])
    return Link(url=url, text="Enter the numbers")


# Sent whatever the preferences are: without the numbers, the draw is void.
DRAW_NUMBERS = Kind(
    name="draw_numbers",
    label="Numbers of a draw are due",
    category=Category.ACCOUNT,
    urgency=Urgency.URGENT,
    for_organizers=True,
    icon="dices",
    link=_link_to_numbers,
    write_email=_write_numbers,
)
