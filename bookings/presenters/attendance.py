"""Whether an attendee is still coming, as pages and emails show it."""

from datetime import datetime

from django.db import models

from bookings.attendance_models import AttendanceCheck
from bookings.models import Booking, Canceller
from bookings.operations.attendance import AnswersClosed, NotAsked, SeatsReturned
from bookings.presenters.cancellation import cancellation_text
from evently.formatting import moment, seats
from events.attendance import asked_from, next_step_from, quiet_from, terms_text
from events.models import UnansweredPolicy


def policy_of(booking: Booking) -> UnansweredPolicy:
    """Return what happens to a booking without an answer.

    Its seats are returned only where that was shown when it was made, and is still so.
    """
    promised = {booking.unanswered_policy, booking.event.unanswered_policy}
    returned = promised == {UnansweredPolicy.RETURN}
    return UnansweredPolicy.RETURN if returned else UnansweredPolicy.KEEP


def announcement_text(booking: Booking, *, at: datetime) -> str:
    """Return in sentences that a booking will be asked; "" where it will not, or was already."""
    first = asked_from(booking.event)
    if first is None or not booking.created_at < first or at >= first or booking.is_ended:
        return ""
    return terms_text(booking.event, policy_of(booking))


def short_answer(booking: Booking, check: AttendanceCheck | None) -> str:
    """Return the answer for lists and files; "" where the booking was not asked."""
    if booking.cancelled_by == Canceller.UNANSWERED:
        return "No answer, returned"
    if check is None:
        return ""
    if check.coming is None:
        return "No answer"
    if not check.coming:
        return "No"
    return "Yes" if check.coming == check.seats else f"{check.coming} of {check.seats}"


class AttendanceState(models.TextChoices):
    NOT_ASKED = "not_asked"
    OPEN = "open"
    ANSWERED = "answered"
    RETURNED = "returned"
    CLOSED = "closed"


class AttendancePresenter:
    """The question to a booking, and what can be answered; its event is loaded.

    check: about the event's present date; None where it was not asked.
    """

    def __init__(self, booking: Booking, check: AttendanceCheck | None, *, at: datetime) -> None:
        self.booking = booking
        self.check = check
        self.event = booking.event
        self.at = at

    @property
    def state(self) -> AttendanceState:
        if self.booking.cancelled_by == Canceller.UNANSWERED:
            return AttendanceState.RETURNED
        if self.check is None:
            return AttendanceState.NOT_ASKED
        if self.check.is_answered:
            return AttendanceState.ANSWERED
        return AttendanceState.OPEN if self.is_open else AttendanceState.CLOSED

    @property
    def text(self) -> str:
        """What happens next, in sentences: when it will be asked, or what without an answer."""
        return self.announcement or self.consequence

    @property
    def asked_at(self) -> datetime | None:
        return self.check.asked_at if self.check else None

    @property
    def asked_again_at(self) -> datetime | None:
        return self.check.asked_again_at if self.check else None

    @property
    def coming(self) -> int | None:
        return self.check.coming if self.check else None

    @property
    def answered_at(self) -> datetime | None:
        return self.check.answered_at if self.check else None

    @property
    def announcement(self) -> str:
        return "" if self.check else announcement_text(self.booking, at=self.at)

    @property
    def can_answer(self) -> bool:
        """Whether the question was asked, and can be answered or the answer changed."""
        return (
            self.check is not None
            and self.booking.is_confirmed
            and self.event.is_active
            and not self.event.has_started(at=self.at)
        )

    @property
    def is_open(self) -> bool:
        """Whether it waits for an answer."""
        return self.can_answer and self.check is not None and not self.check.is_answered

    @property
    def is_answered(self) -> bool:
        return self.check is not None and self.check.is_answered

    @property
    def can_give_back(self) -> bool:
        """Whether seats can be given back: by a first answer, or before the deadline."""
        return self.is_open or (self.can_answer and self.booking.is_cancellable(at=self.at))

    @property
    def fewer(self) -> list[tuple[int, str]]:
        """The numbers of seats that can be kept, with the words for them."""
        return [(number, f"Only {number} of us") for number in range(1, self.booking.quantity)]

    @property
    def yes_text(self) -> str:
        number = self.booking.quantity
        if number == 1:
            return "Yes, I am coming"
        return (
            "Yes, both of us are coming" if number == 2 else f"Yes, all {number} of us are coming"
        )

    @property
    def consequence(self) -> str:
        """What happens without an answer."""
        if self.check is None or not self.is_open:
            return ""
        until = next_step_from(self.event, self.check.asked_again_at or self.check.asked_at)
        if self.check.asked_again_at is None:
            until = next_step_from(self.event, until)
        keeps = policy_of(self.booking) is UnansweredPolicy.KEEP or until >= quiet_from(self.event)
        yours = "your seat" if self.booking.quantity == 1 else "your seats"
        if keeps:
            return f"If you do not answer, you keep {yours}."
        return (
            f"Without an answer by {moment(until, self.event.zone)}, {yours} may be cancelled and "
            "offered to people on the waitlist."
        )

    @property
    def answer(self) -> str:
        """What was answered, in a sentence; "" where nothing was."""
        if self.check is None or not self.check.is_answered or self.booking.is_ended:
            return ""
        when = moment(self.check.answered_at, self.event.zone)
        return f"You confirmed {seats(self.booking.quantity)} on {when}."

    @property
    def closed(self) -> tuple[str, str] | None:
        """Title and text where nothing can be answered."""
        if self.booking.is_cancelled and self.booking.cancelled_by == Canceller.UNANSWERED:
            return "Your seats were returned", SeatsReturned.message
        if self.booking.is_ended:
            return "This booking is cancelled", cancellation_text(self.booking)
        if self.can_answer:
            return None
        if self.check is None:
            return "There is nothing to answer", self.announcement or NotAsked.message
        return "It is too late to answer", AnswersClosed.message
