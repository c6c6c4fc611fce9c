"""Whether attendees are still coming: one question for each booking and date, and its answer."""

from datetime import timedelta

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from evently.database.functions import Clock
from evently.database.models import Organized
from events.models import Event

# As in `events.attendance`; here for the database.
TIME_TO_ANSWER = timedelta(hours=24)


class AttendanceCheck(Organized):
    """One booking that was asked whether it is still coming, for one date of its event.

    coming: of its seats; 0 for a booking that was given back. Triggers: `trg_attendance_insert`
    (who can be asked), `trg_attendance_update` (what stays, and when the second question may come),
    `trg_booking_returned` (which seats may be returned for want of an answer).
    """

    booking = models.ForeignKey(
        "bookings.Booking",
        on_delete=models.DO_NOTHING,
        related_name="attendance_checks",
        db_constraint=False,
        db_index=False,
    )
    event = models.ForeignKey(
        Event,
        on_delete=models.DO_NOTHING,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )
    # The booking's, derived: `trg_attendance_insert`.
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.DO_NOTHING,
        related_name="+",
        db_constraint=False,
        db_index=False,
        editable=False,
    )
    # The start that it was asked about. It follows an event that is moved soon after the question.
    event_date = models.DateTimeField("date asked about")
    seats = models.SmallIntegerField()
    asked_at = models.DateTimeField(db_default=Clock(), editable=False)
    asked_again_at = models.DateTimeField(null=True, blank=True)
    coming = models.SmallIntegerField(null=True, blank=True)
    answered_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "attendance_checks"
        constraints = [
            models.UniqueConstraint(
                fields=["booking", "event", "event_date"], name="unq_attendance_date"
            ),
            models.CheckConstraint(
                name="chk_attendance_answer",
                condition=Q(coming__isnull=True, answered_at__isnull=True)
                | Q(
                    coming__isnull=False,
                    answered_at__isnull=False,
                    coming__gte=0,
                    coming__lte=F("seats"),
                    answered_at__gte=F("asked_at"),
                ),
            ),
            models.CheckConstraint(
                name="chk_attendance_order",
                condition=Q(asked_again_at__isnull=True)
                | Q(asked_again_at__gte=F("asked_at") + TIME_TO_ANSWER),
            ),
        ]
        indexes = [
            models.Index(
                fields=["event_date", "event"],
                name="idx_attendance_open",
                condition=Q(answered_at__isnull=True),
            ),
            models.Index(fields=["event"], name="idx_attendance_event"),
        ]

    @property
    def is_answered(self) -> bool:
        return self.answered_at is not None
