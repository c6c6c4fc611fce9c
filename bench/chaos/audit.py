"""The audit of a round: what the clients were told, against what is in database and mail server.

Each check returns what is wrong, in words. A new check is a function in `CHECKS`.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from uuid import UUID

from bench.chaos.facts import Facts, Message, Row
from bench.chaos.history import Act, History, Kind, Outcome

LOST = "acknowledged and lost"
TWICE = "done twice, or although refused"
UNLOGGED = "attempts not logged"
BROKEN = "seats or positions wrong"
UNTOLD = "not told"
REPEATED = "told twice, unmarked"

# What an act that was acknowledged has made of the row that it was about.
STATUS = {
    Kind.CANCEL: {"cancelled"},
    Kind.LEAVE: {"left"},
    Kind.ACCEPT: {"used"},
    Kind.DECLINE: {"declined"},
}
# Of the message about a fact, by how its key begins.
CONFIRMED, CANCELLED, JOINED = "booking_confirm:", "cancellation:", "waitlist_join:"
OFFERED, ENDED = "promotion:", "event_cancelled:"


def lost(history: History, facts: Facts) -> Iterator[str]:
    """Yield what was acknowledged and is not in the database."""
    rows = {row.id: row for row in (*facts.bookings, *facts.entries, *facts.offers)}
    for act in history.done(*Kind):
        for row_id in filter(None, (act.made, act.about)):
            if row_id not in rows:
                yield f"{act.kind} was acknowledged, but {row_id} does not exist"
        row = rows.get(act.about) if act.about else None
        if row is not None and row.status not in STATUS[act.kind]:
            yield f"{act.kind} was acknowledged, but {row.id} is {row.status}"
    for _ in history.done(Kind.CALL_OFF):
        event = facts.called_off
        if event is None or event.status != "cancelled" or event.open:
            yield f"{Kind.CALL_OFF} was acknowledged, but left {event}"
    asked = {act.about for act in history.acts if act.kind is Kind.CANCEL}
    for act in history.done(Kind.BOOK, Kind.ACCEPT):
        if act.made in rows and act.made not in asked and rows[act.made].status == "cancelled":
            yield f"{act.made} is cancelled, which no client asked for"


def done_twice(history: History, facts: Facts) -> Iterator[str]:
    """Yield people with more bookings or entries of an event than their requests can have made.

    No one books or joins an event more than once, apart from accepting an offer.
    """
    yield from _too_many("booked", facts.bookings, history, (Kind.BOOK, Kind.ACCEPT))
    yield from _too_many("entered", facts.entries, history, (Kind.JOIN,))


def _too_many(
    verb: str, rows: Iterable[Row], history: History, kinds: tuple[Kind, ...]
) -> Iterator[str]:
    made = Counter((row.event, row.person) for row in rows)
    possible = Counter(
        (act.event, act.person)
        for act in _last_about(history)
        if act.kind in kinds and act.outcome is not Outcome.REFUSED
    )
    for pair, count in made.items():
        if count > possible[pair]:
            yield f"{pair[1]} {verb} {pair[0]} {count} times, by {possible[pair]} requests"


def _last_about(history: History) -> Iterator[Act]:
    """Yield one act about each offer, as an offer that was accepted twice made one booking."""
    by_offer: dict[UUID, Act] = {}
    for act in history.acts:
        if act.kind is not Kind.ACCEPT or act.about is None:
            yield act
        elif act.about not in by_offer or act.outcome is not Outcome.REFUSED:
            by_offer[act.about] = act
    yield from by_offer.values()


def unlogged(history: History, facts: Facts) -> Iterator[str]:
    """Yield people whose attempts to book were answered more often than they are logged."""
    answered: Counter[tuple[UUID, UUID]] = Counter()
    for act in history.acts:
        if act.kind is Kind.BOOK:
            answered[act.event, act.person] += act.answers
    for pair, count in answered.items():
        if count > (logged := facts.attempts.get(pair, 0)):
            yield f"{pair[1]} has {count} answers about {pair[0]}, and {logged} attempts"


def broken(history: History, facts: Facts) -> Iterator[str]:
    """Yield invariants that do not hold."""
    for name, rows in facts.broken.items():
        yield f"{name}: {rows[:3]}"


def untold(history: History, facts: Facts) -> Iterator[str]:
    """Yield facts without a message, and messages whose email is missing."""
    by_key = {message.key: message for message in facts.messages}
    joined = {_subject(key) for key in by_key if key.startswith(JOINED)}
    for key in _due(facts):
        if key not in by_key:
            yield f"no message {key}"
    for entry in facts.entries:
        if str(entry.id) not in joined:
            yield f"no message {JOINED}{entry.id}"
    over = set(_over(facts))
    for message in (*facts.messages, *_about_cancelled_event(facts)):
        if wrong := _undelivered(message, over):
            yield wrong
    event, told = facts.called_off, len(_about_cancelled_event(facts))
    if event is not None and event.status == "cancelled" and told < event.people:
        yield f"{told} of {event.people} people have a message about the cancelled event"


def _about_cancelled_event(facts: Facts) -> list[Message]:
    event = facts.called_off
    return [each for each in event.messages if each.key.startswith(ENDED)] if event else []


def _due(facts: Facts) -> Iterator[str]:
    """Yield the keys of the messages that there must be."""
    for booking in facts.bookings:
        yield f"{CONFIRMED}{booking.id}"
        if booking.status == "cancelled":
            yield f"{CANCELLED}{booking.id}"
    for offer in facts.offers:
        yield f"{OFFERED}{offer.id}"


def _over(facts: Facts) -> Iterator[str]:
    """Yield the subjects of which no email is due any more, by the beginnings of their keys."""
    for booking in facts.bookings:
        if booking.status == "cancelled":
            yield f"{CONFIRMED}{booking.id}"
    for entry in facts.entries:
        if entry.status != "waiting":
            yield f"{JOINED}{entry.id}"
    for offer in facts.offers:
        if offer.status != "pending":
            yield f"{OFFERED}{offer.id}"


def _undelivered(message: Message, over: set[str]) -> str:
    """Return why a message has not reached its user; "" if it has, or is no longer due."""
    if not message.by_email:
        return ""
    if message.status == "sent":
        return "" if message.copies else f"{message.key} is sent, but no email arrived"
    kind = message.key.partition(":")[0]
    if message.status == "delivered" and f"{kind}:{_subject(message.key)}" in over:
        return ""
    return f"{message.key} is {message.status}, without an email"


def _subject(key: str) -> str:
    return key.split(":")[1]


def told_twice(history: History, facts: Facts) -> Iterator[str]:
    """Yield emails that arrived more than once, and are not marked as perhaps repeated."""
    for message in (*facts.messages, *_about_cancelled_event(facts)):
        if message.copies > 1 and not message.may_be_repeated:
            yield f"{message.key} arrived {message.copies} times"
    joins = Counter(_subject(m.key) for m in facts.messages if m.key.startswith(JOINED))
    for entry, count in joins.items():
        if count > 1:
            yield f"{JOINED}{entry} has {count} messages"


CHECKS: dict[str, Callable[[History, Facts], Iterator[str]]] = {
    LOST: lost,
    TWICE: done_twice,
    UNLOGGED: unlogged,
    BROKEN: broken,
    UNTOLD: untold,
    REPEATED: told_twice,
}


def audit(history: History, facts: Facts) -> dict[str, list[str]]:
    """Return what is wrong, by check."""
    return {name: list(check(history, facts)) for name, check in CHECKS.items()}
