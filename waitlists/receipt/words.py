"""The happenings of a story as steps of a receipt, as components/timeline.html shows them.

A step has `title` and `at`, mostly `icon`, `tone` and `text`.
"""

from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo

from evently.formatting import counted, moment, seats
from events.sale import RESERVES_UNTIL
from waitlists.models import RecordKind
from waitlists.receipt.story import Happening, Story
from waitlists.record.summary import CARRIED_OVER
from waitlists.record.words import passes_text

Step = dict[str, Any]
# Why seats were free, by the kind of the record that freed them.
CAUSES: dict[str, str] = {
    RecordKind.OPENED: "seats were free",
    RecordKind.CANCELLED: "{seats} {were} cancelled",
    RecordKind.DECLINED: "another offer was declined",
    RecordKind.LAPSED: "another offer expired",
    RecordKind.CAPACITY: "the organizer changed the number of seats",
}
ANY_CAUSE = "seats became available"


def step_of(happening: Happening, story: Story, *, zone: ZoneInfo) -> Step:
    """Return a happening as a step. zone: of the event."""
    # A later release may write kinds already that this one does not know.
    icon, tone, write = WORDS.get(happening.kind, ("info", "", _later))
    title, text = write(happening, story, zone)
    return {"icon": icon, "tone": tone, "title": title, "text": text, "at": happening.at}


def because(cause: Any) -> str:
    """Return why seats were offered, as a sentence; cause: the record that freed them, or None."""
    reason = CAUSES.get(cause.kind) if cause is not None else None
    if reason is None or cause.free == 0:
        return f"Because {ANY_CAUSE}."
    return f"Because {reason.format(seats=seats(cause.seats or 0), were=_were(cause.seats))}."


def _were(number: int | None) -> str:
    return "was" if number == 1 else "were"


def _people(number: int) -> str:
    return counted(number, "person", "people")


def _behind(number: int) -> str:
    return "a person" if number == 1 else _people(number)


def _now_at(happening: Happening) -> str:
    return f"You were then at position {happening.position}." if happening.position else ""


def _sentences(*parts: str) -> str:
    return " ".join(filter(None, parts))


def _wanted(record: Any) -> str:
    text = f"For {seats(record.seats)}"
    return f"{text}." if record.least == record.seats else f"{text}, or at least {record.least}."


Words = tuple[str, str]


# ── One's own place ─────────────────────────────────────────────────────────
def _joined(one: Happening, story: Story, zone: ZoneInfo) -> Words:
    confirm = "" if one.record.confirmed else "It was not confirmed yet."
    place = f"Position {one.position}." if one.position else ""
    return "You joined the waitlist", _sentences(_wanted(one.record), place, confirm, one.reason)


def _confirmed(one: Happening, story: Story, zone: ZoneInfo) -> Words:
    return "Your place was confirmed", "From then on, you could be offered seats."


def _changed(one: Happening, story: Story, zone: ZoneInfo) -> Words:
    return "You changed the number of seats", _sentences(_wanted(one.record), _now_at(one))


def _returned(one: Happening, story: Story, zone: ZoneInfo) -> Words:
    return "You waited on, at your old place", _sentences(_wanted(one.record), _now_at(one))


def _moved(one: Happening, story: Story, zone: ZoneInfo) -> Words:
    return f"The organizer moved you to position {one.position}", f"Reason: {one.reason}"


def _offered(one: Happening, story: Story, zone: ZoneInfo) -> Words:
    title = f"{seats(one.seats)} {_were(one.seats)} held for you"
    until = f"Until {moment(one.record.until, zone)}."
    if one.reason == CARRIED_OVER:
        return title, until
    if one.reason:
        order = " out of order" if (one.before or 1) > 1 else ""
        reason = f"The organizer made this offer{order}. Reason: {one.reason}"
        return title, f"{until} {reason}"
    return title, f"{because(one.cause)} {until}"


def _extended(one: Happening, story: Story, zone: ZoneInfo) -> Words:
    until = f"Until {moment(one.record.until, zone)}."
    return "You have longer to claim", _sentences(until, story.why_moved.get(one.record.until, ""))


def _used(one: Happening, story: Story, zone: ZoneInfo) -> Words:
    return f"You claimed {seats(one.seats)}", ""


def _declined(one: Happening, story: Story, zone: ZoneInfo) -> Words:
    return "The offer was declined", ""


def _lapsed(one: Happening, story: Story, zone: ZoneInfo) -> Words:
    return "The offer expired", ""


def _left(one: Happening, story: Story, zone: ZoneInfo) -> Words:
    if one.reason:
        return "Your waitlist entry expired", ""
    return "You left the waitlist", ""


def _reserved(one: Happening, story: Story, zone: ZoneInfo) -> Words:
    title = "From now on, free seats are kept for you"
    rule = one.before
    if rule is None:
        return title, ""
    until = f"At the latest until {moment(rule.until - RESERVES_UNTIL, zone)}."
    if not rule.skips:
        return title, f"You are first, and this waitlist keeps the strict order. {until}"
    passed = f"You were passed {counted(rule.skips, 'time')}."
    kept = "Until enough are free for you, none go to people behind you or to the public."
    return title, f"{passed} {kept} {until}"


# ── Other people ────────────────────────────────────────────────────────────
def _ahead_offered(one: Happening, story: Story, zone: ZoneInfo) -> Words:
    title = f"{_people(one.people)} ahead of you {_were(one.people)} offered seats"
    return title, _sentences(because(one.cause) if one.cause else "", _now_at(one))


def _ahead_left(one: Happening, story: Story, zone: ZoneInfo) -> Words:
    return f"{_people(one.people)} ahead of you left the waitlist", _now_at(one)


def _ahead_joined(one: Happening, story: Story, zone: ZoneInfo) -> Words:
    why = "An earlier offer to you ran out, so people who let none run out come first."
    return f"{_people(one.people)} joined ahead of you", _sentences(why, _now_at(one))


def _ahead_returned(one: Happening, story: Story, zone: ZoneInfo) -> Words:
    why = "They were offered fewer seats than they asked for, so they keep their place."
    title = f"{_people(one.people)} who {_were(one.people)} ahead of you waited on"
    return title, _sentences(why, _now_at(one))


def _ahead_lapsed(one: Happening, story: Story, zone: ZoneInfo) -> Words:
    return f"{counted(one.people, 'offer')} to people who were ahead of you expired", ""


def _ahead_declined(one: Happening, story: Story, zone: ZoneInfo) -> Words:
    offers = f"{counted(one.people, 'offer')} to people who were ahead of you"
    return f"{offers} {_were(one.people)} declined", ""


def _ahead_reserved(one: Happening, story: Story, zone: ZoneInfo) -> Words:
    title = "From now on, free seats are kept for a person ahead of you"
    return title, "They were passed as often as this waitlist allows, as they need more seats."


def _passed_offer(one: Happening, story: Story, zone: ZoneInfo) -> Words:
    title = f"{seats(one.seats)} {_were(one.seats)} offered to {_behind(one.people)} behind you"
    return title, f"You need at least {one.least}, and fewer were free."


def _passed_unconfirmed(one: Happening, story: Story, zone: ZoneInfo) -> Words:
    title = f"{seats(one.seats)} {_were(one.seats)} offered to {_behind(one.people)} behind you"
    return title, "Your place was not confirmed yet."


def _passed_sale(one: Happening, story: Story, zone: ZoneInfo) -> Words:
    title = f"{seats(one.seats)} {_were(one.seats)} sold to the public"
    if one.record.free + one.record.seats >= one.least:
        return title, "In the last minutes of a waitlist, free seats are sold to everyone."
    return title, f"You need at least {one.least}, and fewer were free."


def _other_moved(one: Happening, story: Story, zone: ZoneInfo) -> Words:
    # -1: another person is ahead of this place now; 1: behind it now.
    effects = {-1: "ahead of you", 1: "behind you", 0: ""}
    where = effects[int(one.before)]
    title = f"The organizer moved another person {where}".rstrip()
    same = "" if where else "Your position stayed."
    return title, _sentences(same or _now_at(one), f"Reason: {one.reason}")


def _other_offered(one: Happening, story: Story, zone: ZoneInfo) -> Words:
    title = f"The organizer offered {seats(one.seats)} to another person out of order"
    where = "They were behind you." if one.before else f"They were ahead of you. {_now_at(one)}"
    return title, f"{where} Reason: {one.reason}"


# ── The whole waitlist ──────────────────────────────────────────────────────
def _rules(one: Happening, story: Story, zone: ZoneInfo) -> Words:
    record, before = one.record, one.before
    changes = []
    if before is None or record.skips != before.skips:
        changes.append(passes_text(record.skips))
    if before is None or record.until != before.until:
        changes.append(f"The waitlist closes on {moment(record.until, zone)}.")
    return "The organizer changed the rules", " ".join(changes)


def _capacity(one: Happening, story: Story, zone: ZoneInfo) -> Words:
    now = f"The event then had {seats(one.record.capacity)}."
    if one.before is None:
        return "The organizer changed the number of seats", now
    more = one.record.capacity - one.before.capacity
    verb = "added" if more > 0 else "removed"
    return f"The organizer {verb} {seats(abs(more))}", now


def _draw(one: Happening, story: Story, zone: ZoneInfo) -> Words:
    until = f"Everyone with a confirmed place before {moment(one.record.until, zone)} takes part."
    due = f"The result is due on {moment(one.record.due, zone)}."
    return "The organizer announced a draw of the order", f"{until} {due}"


def _frozen(one: Happening, story: Story, zone: ZoneInfo) -> Words:
    title = f"The list of the draw was closed, with {counted(one.record.lots, 'lot')}"
    return title, "One of them is yours." if one.before else "You have no lot."


def _drawn(one: Happening, story: Story, zone: ZoneInfo) -> Words:
    if one.before is None:
        return "The order was drawn", _sentences("You had no lot.", _now_at(one))
    return f"You were drawn at place {one.before[0]} of {one.before[1]}", _now_at(one)


def _void(one: Happening, story: Story, zone: ZoneInfo) -> Words:
    return "The draw is void", f"Reason: {one.reason}."


def _later(one: Happening, story: Story, zone: ZoneInfo) -> Words:
    return "A step of a later version of this site", ""


Writer = Callable[[Happening, Story, ZoneInfo], Words]
WORDS: dict[str, tuple[str, str, Writer]] = {
    RecordKind.JOINED: ("hourglass", "waiting", _joined),
    RecordKind.CONFIRMED: ("circle-check", "good", _confirmed),
    RecordKind.CHANGED: ("sliders-horizontal", "", _changed),
    RecordKind.OFFERED: ("sparkles", "good", _offered),
    RecordKind.EXTENDED: ("clock", "info", _extended),
    RecordKind.USED: ("ticket", "good", _used),
    RecordKind.DECLINED: ("log-out", "", _declined),
    RecordKind.LAPSED: ("clock", "bad", _lapsed),
    RecordKind.LEFT: ("log-out", "", _left),
    RecordKind.RESERVED: ("lock", "good", _reserved),
    RecordKind.RULES: ("settings", "info", _rules),
    RecordKind.CAPACITY: ("armchair", "info", _capacity),
    RecordKind.DRAW: ("dices", "info", _draw),
    RecordKind.FROZEN: ("lock", "info", _frozen),
    RecordKind.DRAWN: ("dices", "good", _drawn),
    RecordKind.VOID: ("info", "bad", _void),
    "returned": ("hourglass", "waiting", _returned),
    "moved": ("list-ordered", "info", _moved),
    "ahead_offered": ("sparkles", "", _ahead_offered),
    "ahead_left": ("footprints", "", _ahead_left),
    "ahead_joined": ("users", "", _ahead_joined),
    "ahead_returned": ("undo-2", "", _ahead_returned),
    "ahead_lapsed": ("clock", "", _ahead_lapsed),
    "ahead_declined": ("undo-2", "", _ahead_declined),
    "ahead_reserved": ("lock", "", _ahead_reserved),
    "passed_offer": ("info", "", _passed_offer),
    "passed_unconfirmed": ("info", "", _passed_unconfirmed),
    "passed_sale": ("info", "", _passed_sale),
    "other_moved": ("list-ordered", "info", _other_moved),
    "other_offered": ("list-ordered", "info", _other_offered),
}
