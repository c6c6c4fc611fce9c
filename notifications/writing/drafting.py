"""Write drafts of messages to attendees."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from bookings.models import Booking
from evently.errors import EditedMeanwhile
from evently.idempotency.keys import Idempotency
from evently.transactions import RetryTransaction, refusing, run_in_transaction
from notifications.message_models import (
    MOST_BOOKINGS,
    Audience,
    Hold,
    MessageState,
    OrganizerMessage,
)
from notifications.writing.errors import MessageBegun, MessageInvalid, MessageNotFound
from notifications.writing.text import clean_text


class _SavedMeanwhile(RetryTransaction):
    """The same form was sent twice at the same time."""


@dataclass(frozen=True)
class Draft:
    """What an organizer has entered. references: of bookings, for the audience `bookings`."""

    subject: str
    body: str
    audience: str
    references: tuple[str, ...] = ()


def message_of(event_id: UUID, message_id: UUID) -> OrganizerMessage:
    """Return a message of an event. Raises MessageNotFound."""
    found = OrganizerMessage.objects.filter(event_id=event_id, pk=message_id).first()
    if found is None:
        raise MessageNotFound
    return found


def lock_message(event_id: UUID, message_id: UUID) -> OrganizerMessage:
    """Lock a message until commit. Raises MessageNotFound."""
    rows = OrganizerMessage.objects.select_for_update(of=("self",), no_key=True)
    found = rows.filter(event_id=event_id, pk=message_id).first()
    if found is None:
        raise MessageNotFound
    return found


def check_version(message: OrganizerMessage, version: int | None) -> None:
    """Refuse what was made on another version of a message. Raises EditedMeanwhile."""
    if version is not None and version != message.version:
        raise EditedMeanwhile(version=message.version)


def create_draft(
    draft: Draft,
    *,
    event_id: UUID,
    by_id: UUID,
    message_id: UUID | None = None,
    idempotency: Idempotency | None = None,
) -> OrganizerMessage:
    """Store a new draft, and return it.

    message_id: by which a form that is sent twice is the same message: the second time, it is saved
    again. Raises MessageInvalid, MessageBegun.
    """
    content = _checked(draft, event_id)

    def work() -> OrganizerMessage:
        rows = OrganizerMessage.objects.select_for_update(of=("self",), no_key=True)
        stored = rows.filter(pk=message_id, event_id=event_id).first() if message_id else None
        if stored is not None:
            return _save(stored, content)
        given: dict[str, Any] = {"id": message_id} if message_id else {}
        message = OrganizerMessage(event_id=event_id, by_id=by_id, **content, **given)
        with refusing(organizer_messages_pkey=_SavedMeanwhile):
            message.save(force_insert=True)
        return message_of(event_id, message.pk)

    return run_in_transaction(work, idempotency=idempotency)


def edit_draft(
    draft: Draft, *, event_id: UUID, message_id: UUID, version: int | None = None
) -> OrganizerMessage:
    """Change a draft, and return it; a scheduled message becomes a draft again.

    Raises MessageNotFound, MessageInvalid, MessageBegun, EditedMeanwhile.
    """
    content = _checked(draft, event_id)

    return run_in_transaction(
        lambda: _save(lock_draft(event_id, message_id, version=version), content)
    )


def change_draft(
    changes: dict[str, Any], *, event_id: UUID, message_id: UUID, version: int | None = None
) -> OrganizerMessage:
    """Change some of what a draft says; otherwise as `edit_draft`.

    changes: of the fields of `Draft`. One that changes nothing leaves a message scheduled.
    """

    def work() -> OrganizerMessage:
        message = lock_draft(event_id, message_id, version=version)
        stored = Draft(
            message.subject, message.body, message.audience, tuple(references_of(message))
        )
        content = _checked(replace(stored, **changes), event_id)
        return message if content == message.content() else _save(message, content)

    return run_in_transaction(work)


def lock_draft(event_id: UUID, message_id: UUID, *, version: int | None) -> OrganizerMessage:
    """Lock a message that is not being sent yet, until commit.

    version: the one that it is expected to have; None for any. Raises MessageNotFound,
    MessageBegun, EditedMeanwhile.
    """
    message = lock_message(event_id, message_id)
    if message.is_begun:
        raise MessageBegun
    check_version(message, version)
    return message


def delete_draft(*, event_id: UUID, message_id: UUID, version: int | None = None) -> None:
    """Delete a draft, or a message that is scheduled.

    Raises MessageNotFound, MessageBegun, EditedMeanwhile.
    """

    def work() -> None:
        lock_draft(event_id, message_id, version=version).delete()

    run_in_transaction(work)


def references_of(message: OrganizerMessage) -> list[str]:
    """Return the references of the bookings that a message is for, in their order."""
    found = dict(
        Booking.objects.filter(event_id=message.event_id, pk__in=message.booking_ids).values_list(
            "pk", "booking_reference"
        )
    )
    return [found[id_] for id_ in map(UUID, message.booking_ids) if id_ in found]


def _save(message: OrganizerMessage, content: dict[str, Any]) -> OrganizerMessage:
    """Store what a locked message says, as a draft. Raises MessageBegun."""
    if message.is_begun:
        raise MessageBegun
    for name, value in content.items():
        setattr(message, name, value)
    message.state, message.send_at, message.hold = MessageState.DRAFT, None, Hold.NONE
    message.save(update_fields=[*content, "state", "send_at", "hold"])
    return message_of(message.event_id, message.pk)


def _checked(draft: Draft, event_id: UUID) -> dict[str, Any]:
    """Return the columns of a valid draft. Raises MessageInvalid, with all problems at once."""
    problems: dict[str, str] = {}
    subject = body = ""
    try:
        subject, body = clean_text(draft.subject, draft.body)
    except MessageInvalid as refusal:
        problems |= refusal.fields
    ids: list[str] = []
    if draft.audience not in Audience.values:
        problems["audience"] = "Choose who gets the message."
    elif draft.audience == Audience.BOOKINGS:
        try:
            ids = _booking_ids(draft.references, event_id)
        except MessageInvalid as refusal:
            problems |= refusal.fields
    if problems:
        raise MessageInvalid(fields=problems)
    return {"subject": subject, "body": body, "audience": draft.audience, "booking_ids": ids}


def _booking_ids(references: Iterable[str], event_id: UUID) -> list[str]:
    """Return the ids of an event's bookings by their references. Raises MessageInvalid."""
    wanted = list(dict.fromkeys(one.strip().upper() for one in references if one.strip()))
    if not wanted:
        raise MessageInvalid(fields={"references": "Enter the references of the bookings."})
    if len(wanted) > MOST_BOOKINGS:
        text = f"Enter at most {MOST_BOOKINGS} references; these are {len(wanted)}."
        raise MessageInvalid(fields={"references": text})
    found = dict(
        Booking.objects.filter(event_id=event_id, booking_reference__in=wanted).values_list(
            "booking_reference", "pk"
        )
    )
    unknown = [one for one in wanted if one not in found]
    if unknown:
        shown = ", ".join(one[:40] for one in unknown[:5])
        more = f" and {len(unknown) - 5} more" if len(unknown) > 5 else ""
        text = f"This event has no booking {shown}{more}. Check the references."
        raise MessageInvalid(fields={"references": text})
    return [str(found[one]) for one in wanted]
