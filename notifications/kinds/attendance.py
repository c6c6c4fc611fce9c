"""Whether attendees are still coming: both questions, and what became of the seats."""

from collections.abc import Sequence

from django.urls import reverse

from bookings.calendar import calendar_files
from bookings.models import AttendanceCheck, Booking, BookingStatus
from bookings.presenters import refund_note
from evently.accounts.models import User
from evently.database.clock import now
from evently.database.ids import uuid7
from evently.formatting import moment, seats, span
from evently.links import absolute, link_to
from events.attendance import next_step_from, quiet_from
from events.models import Event, UnansweredPolicy
from notifications.emails.email_content import (
    EmailContent,
    EmailObsolete,
    TextLink,
    call_to_action,
)
from notifications.kinds import common, holdings
from notifications.kinds.base import Category, Kind, Message, Urgency, link_to_event, link_to_row
from notifications.models import Notification


# ── The questions ───────────────────────────────────────────────────────────
def attendance_asked(event: Event, checks: Sequence[AttendanceCheck], *, again: bool) -> Message:
    """Ask one attendee about all of their bookings, which are loaded. again: the second time."""
    bookings = [check.booking for check in checks]
    when = span(event.event_date, event.ends_at, event.zone)
    booked = f"{seats(holdings.seats_in(bookings))} ({holdings.references(bookings)})"
    text = (
        f"You have not said yet whether you are still coming to {event.name}, {when}, for which "
        f"you have booked {booked}."
        if again
        else f"You have booked {booked} for {event.name}, {when}. Are you still coming?"
    )
    first = min(checks, key=lambda check: check.pk)
    kind = ASKED_AGAIN if again else ASKED
    return kind.message(
        user_id=first.booking.user_id,
        key=f"{kind.name}:{first.pk}",
        text=f"{text} {_consequence(event, checks, again=again)}",
        event_id=event.pk,
        data={"checks": [check.pk for check in checks], "booking": first.booking_id},
    )


def _consequence(event: Event, checks: Sequence[AttendanceCheck], *, again: bool) -> str:
    """Return what happens without an answer, as it was shown when the seats were booked."""
    may_return = event.unanswered_policy == UnansweredPolicy.RETURN and any(
        check.booking.unanswered_policy == UnansweredPolicy.RETURN for check in checks
    )
    asked = max(check.asked_again_at or check.asked_at for check in checks)
    until = next_step_from(event, asked)
    if not again:
        until = next_step_from(event, until)
    if not may_return or until >= quiet_from(event):
        number = sum(check.booking.quantity for check in checks)
        return f"If you do not answer, you keep your {'seat' if number == 1 else 'seats'}."
    rest = (
        "As you were told when you booked, seats without an answer may be cancelled after "
        f"{moment(until, event.zone)} and offered to people on the waitlist."
    )
    return rest if again else f"If you do not answer, we will ask once more. {rest}"


def _open_checks(notification: Notification) -> list[AttendanceCheck]:
    """Return the questions of a message that can still be answered, and were not."""
    checks = AttendanceCheck.objects.filter(
        event_id=common.event_id_of(notification),
        pk__in=notification.data.get("checks", ()),
        answered_at__isnull=True,
        booking__user_id=notification.user_id,
        booking__status=BookingStatus.CONFIRMED,
    )
    found = checks.select_related("booking__event", "booking__user").order_by("pk")
    at = now()
    return [
        check
        for check in found
        if check.booking.event.is_active
        and check.event_date == check.booking.event.event_date
        and not check.booking.event.has_started(at=at)
    ]


def _write_question(notification: Notification, user: User) -> EmailContent:
    checks = _open_checks(notification)
    if not checks:
        # Answered, cancelled or moved while the email waited.
        raise EmailObsolete
    links = [
        TextLink(
            label=f"Booking {check.booking.booking_reference}, {seats(check.booking.quantity)}",
            url=_answer_url(check.booking, user),
        )
        for check in checks
    ]
    button = "Yes or no? Answer here"
    if len(links) > 1:
        button = f"Answer for {checks[0].booking.booking_reference}"
    return call_to_action(
        heading=f"Are you still coming to {checks[0].booking.event.name}?",
        text=(
            f"{notification.message}\n\nThe page lets you confirm your seats, or give back those "
            "that you do not need. It works without a password, so do not forward this email."
        ),
        button_text=button,
        button_url=links[0].url,
        links=links if len(links) > 1 else (),
    )


def _answer_url(booking: Booking, user: User) -> str:
    return link_to(
        "booking_link_coming",
        purpose="booking",
        row_id=booking.pk,
        event_id=booking.event_id,
        version=user.links_version,
    )


def _is_pointless(notification: Notification) -> bool:
    return not _open_checks(notification)


# Sent whatever the preferences are, as seats may be lost without an answer; organizers can see
# them and send them again, like other emails about their event.
ASKED = Kind(
    name="attendance_asked",
    label="Are you still coming?",
    category=Category.ACCOUNT,
    for_organizers=True,
    icon="circle-help",
    link=link_to_row("booking_coming", "booking", "Answer"),
    write_email=_write_question,
    is_superseded=_is_pointless,
)
ASKED_AGAIN = Kind(
    name="attendance_asked_again",
    label="Are you still coming? (second question)",
    category=Category.ACCOUNT,
    for_organizers=True,
    icon="circle-help",
    link=link_to_row("booking_coming", "booking", "Answer"),
    write_email=_write_question,
    is_superseded=_is_pointless,
)


# ── Seats returned for want of an answer ────────────────────────────────────
def attendance_returned(event: Event, booking: Booking) -> Message:
    """Notify an attendee whose seats were returned."""
    went = "was" if booking.quantity == 1 else "were"
    return RETURNED.message(
        user_id=booking.user_id,
        key=f"attendance_returned:{booking.pk}",
        text=(
            f"We asked you twice whether you are still coming to {event.name}, and got no answer. "
            f"So your booking {booking.booking_reference} is cancelled, and its "
            f"{seats(booking.quantity)} {went} offered to people on the waitlist, as announced "
            "when you booked. If you would like to come after all, you can join the waitlist."
        ),
        event_id=event.pk,
        data={"booking": booking.pk, "reference": booking.booking_reference},
    )


def _write_returned(notification: Notification, user: User) -> EmailContent:
    event = common.event_of(notification)
    bookings = holdings.bookings_named(event, user.pk, [notification.data.get("booking")])
    if not bookings:
        raise EmailObsolete
    kept = holdings.holdings_of(notification).without(bookings[0])
    note = " ".join(filter(None, [refund_note(bookings), holdings.kept_text(kept)]))
    content = call_to_action(
        heading=f"Your seats for {event.name} were returned",
        text=f"{notification.message}\n\n{note}",
        button_text="Join the waitlist",
        button_url=absolute(reverse("join_waitlist", args=[event.pk])),
    )
    content.calendars = calendar_files(bookings)
    return content


RETURNED = Kind(
    name="attendance_returned",
    label="Seats returned without an answer",
    category=Category.ACCOUNT,
    for_organizers=True,
    icon="undo-2",
    link=link_to_event,
    write_email=_write_returned,
)


# ── Some seats given back ───────────────────────────────────────────────────
def seats_given_back(event: Event, booking: Booking, *, number: int) -> Message:
    """Confirm that some seats of a booking were given back. number: how many."""
    return GIVEN_BACK.message(
        user_id=booking.user_id,
        key=f"seats_given_back:{booking.pk}:{uuid7()}",
        text=(
            f"You have given back {seats(number)} for {event.name}. Your booking "
            f"{booking.booking_reference} now has {seats(booking.quantity)}."
        ),
        event_id=event.pk,
        data={"booking": booking.pk, "reference": booking.booking_reference},
    )


def _write_given_back(notification: Notification, user: User) -> EmailContent:
    event = common.event_of(notification)
    bookings = holdings.bookings_named(event, user.pk, [notification.data.get("booking")])
    if not bookings or bookings[0].is_cancelled:
        # Cancelled since; the cancellation has an email of its own.
        raise EmailObsolete
    content = call_to_action(
        heading="You have given back seats",
        text=(
            f"{notification.message} Tickets of the seats that you gave back are no longer valid: "
            "use those on the page of your booking."
        ),
        button_text="Show my tickets",
        button_url=common.booking_url(bookings[0]),
    )
    content.calendars = calendar_files(bookings)
    return content


GIVEN_BACK = Kind(
    name="seats_given_back",
    label="Some seats given back",
    category=Category.BOOKINGS,
    urgency=Urgency.SOON,
    icon="undo-2",
    link=link_to_row("booking_detail", "booking", "Show my tickets"),
    write_email=_write_given_back,
)
