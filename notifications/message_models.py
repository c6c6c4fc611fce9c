"""Messages that organizers write to the attendees of their events."""

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Length
from django.db.models.lookups import LessThanOrEqual

from evently.database.functions import Clock
from evently.database.models import Organized

LONGEST_SUBJECT, LONGEST_BODY = 150, 10_000
MOST_BOOKINGS = 500


class Audience(models.TextChoices):
    """Whom a message is for; who that is, is looked up when it is sent."""

    BOOKED = "booked", "Everyone who has seats"
    WAITING = "waiting", "Everyone on the waitlist"
    EVERYONE = "everyone", "Everyone who has seats or is on the waitlist"
    NOT_CHECKED_IN = "not_checked_in", "Ticket holders who have not checked in"
    BOOKINGS = "bookings", "Some bookings only"


class MessageState(models.TextChoices):
    """`sent`: all recipients are notified; emails may still wait to be handed over."""

    DRAFT = "draft"
    SCHEDULED = "scheduled"
    SENDING = "sending"
    STOPPED = "stopped"
    SENT = "sent"


BEGUN = (MessageState.SENDING, MessageState.STOPPED, MessageState.SENT)


class Hold(models.TextChoices):
    """Why a scheduled message became a draft again."""

    NONE = "", "–"
    CANCELLED = "event_cancelled", "The event was cancelled"
    CHANGED = "event_changed", "The time or place of the event changed"
    AUTHOR = "author_left", "Its author no longer manages the event"


class OrganizerMessage(Organized):
    """A message of an organizer to attendees; what it says stays once it is being sent.

    booking_ids: whose attendees get it, for the audience `bookings`. recipients: how many there
    were when sending began. told: how many are notified. told_until: the last of them, in the order
    of their ids, where the next batch begins. withdrawn: how many emails were taken back when it
    was stopped.
    Triggers: `trg_organizer_message` (the states, and what stays), `trg_organizer_message_limit`
    (how many a day).
    """

    event = models.ForeignKey(
        "events.Event",
        on_delete=models.DO_NOTHING,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )
    # Who wrote it; null once that person's account is deleted from the database.
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.DO_NOTHING,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )
    subject = models.TextField()
    body = models.TextField()
    audience = models.TextField(choices=Audience)
    booking_ids = models.JSONField(default=list, db_default=models.Value([], models.JSONField()))
    state = models.TextField(
        choices=MessageState, default=MessageState.DRAFT, db_default=MessageState.DRAFT
    )
    hold = models.TextField(choices=Hold, default=Hold.NONE, db_default="", blank=True)
    send_at = models.DateTimeField(null=True, blank=True)
    started_at = models.DateTimeField(null=True, blank=True, editable=False)
    ended_at = models.DateTimeField(null=True, blank=True, editable=False)
    recipients = models.IntegerField(default=0, db_default=0, editable=False)
    told = models.IntegerField(default=0, db_default=0, editable=False)
    told_until = models.UUIDField(null=True, editable=False)
    withdrawn = models.IntegerField(default=0, db_default=0, editable=False)
    version = models.IntegerField(default=1, db_default=1, editable=False)
    created_at = models.DateTimeField(db_default=Clock(), editable=False)
    updated_at = models.DateTimeField(db_default=Clock(), editable=False)

    class Meta:
        db_table = "organizer_messages"
        verbose_name = "message to attendees"
        verbose_name_plural = "messages to attendees"
        constraints = [
            models.CheckConstraint(
                name="chk_organizer_message_state", condition=Q(state__in=MessageState.values)
            ),
            models.CheckConstraint(
                name="chk_organizer_message_audience", condition=Q(audience__in=Audience.values)
            ),
            models.CheckConstraint(
                name="chk_organizer_message_bookings",
                condition=Q(audience=Audience.BOOKINGS) & ~Q(booking_ids=[])
                | ~Q(audience=Audience.BOOKINGS) & Q(booking_ids=[]),
            ),
            # The subject of an email: one line, or it would have headers of its own.
            models.CheckConstraint(
                name="chk_organizer_message_subject",
                condition=Q(subject__regex=rf"^[^\u0001-\u001f\u007f]{{1,{LONGEST_SUBJECT}}}$"),
            ),
            models.CheckConstraint(
                name="chk_organizer_message_body",
                condition=~Q(body="") & Q(LessThanOrEqual(Length("body"), LONGEST_BODY)),
            ),
            models.CheckConstraint(
                name="chk_organizer_message_hold",
                condition=Q(hold="") | Q(hold__in=Hold.values, state=MessageState.DRAFT),
            ),
            models.CheckConstraint(
                name="chk_organizer_message_times",
                condition=Q(
                    state=MessageState.DRAFT,
                    send_at__isnull=True,
                    started_at__isnull=True,
                    ended_at__isnull=True,
                )
                | Q(
                    state=MessageState.SCHEDULED,
                    send_at__isnull=False,
                    started_at__isnull=True,
                    ended_at__isnull=True,
                )
                | Q(
                    state=MessageState.SENDING,
                    started_at__isnull=False,
                    ended_at__isnull=True,
                )
                | Q(
                    state__in=[MessageState.STOPPED, MessageState.SENT],
                    started_at__isnull=False,
                    ended_at__isnull=False,
                ),
            ),
            models.CheckConstraint(
                name="chk_organizer_message_counts",
                condition=Q(recipients__gte=0, told__gte=0, withdrawn__gte=0),
            ),
        ]
        indexes = [
            models.Index(fields=["event", "created_at"], name="idx_organizer_messages_event"),
            models.Index(
                fields=["by"],
                name="idx_organizer_messages_by",
                condition=Q(by__isnull=False),
            ),
            models.Index(
                fields=["event", "updated_at"],
                name="idx_organizer_messages_held",
                condition=~Q(hold=""),
            ),
            models.Index(
                fields=["event"],
                name="idx_organizer_messages_due",
                condition=Q(state__in=[MessageState.SCHEDULED, MessageState.SENDING]),
            ),
        ]

    def __str__(self) -> str:
        return self.subject

    @property
    def is_begun(self) -> bool:
        """Whether sending has begun, so that nothing of it can be edited any more."""
        return self.state in BEGUN

    @property
    def label(self) -> str:
        """The state in words, with why a scheduled message is a draft again."""
        if self.hold:
            return "Not sent"
        return str(MessageState(self.state).label)

    def content(self) -> dict[str, Any]:
        """Return what a version consists of."""
        return {
            name: getattr(self, name) for name in ("subject", "body", "audience", "booking_ids")
        }
