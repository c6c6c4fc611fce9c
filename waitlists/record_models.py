"""The public record of an event's line: who joined, was offered seats and left, as pseudonyms.

Both tables are written by the database alone (`evently_record`), under the event's lock.
"""

from django.contrib.postgres.indexes import BrinIndex
from django.db import models

from evently.database.functions import Clock
from evently.database.models import EventOwned
from events.models import Event

UNKNOWN_PASSES = 2**31 - 1


class RecordKind(models.TextChoices):
    OPENED = "opened"
    RULES = "rules"
    CAPACITY = "capacity"
    BOOKED = "booked"
    CANCELLED = "cancelled"
    JOINED = "joined"
    CONFIRMED = "confirmed"
    CHANGED = "changed"
    OVERRIDE = "override"
    LEFT = "left"
    OFFERED = "offered"
    EXTENDED = "extended"
    USED = "used"
    DECLINED = "declined"
    LAPSED = "lapsed"
    RESERVED = "reserved"
    CLOSED = "closed"
    DRAW = "draw"
    FROZEN = "frozen"
    DRAWN = "drawn"
    VOID = "void"


class Line(EventOwned):
    """The state of an event's line, for its record; a row from the first joining on.

    seq, head: of the last record, its number and hash. open_entries: that wait or have an offer.
    open_offers: whose end is not recorded yet.
    waiting: confirmed ones. public_sales: bookings that passed them, ever. freed_seq: the record
    that freed seats last; free: seats left after the last record that says so.
    most_passed: no waiting, confirmed entry that fits the event was passed by more offers, less the
    public sales before it; UNKNOWN_PASSES where that has to be looked up.
    """

    event = models.ForeignKey(
        Event, on_delete=models.DO_NOTHING, related_name="+", db_constraint=False, db_index=False
    )
    is_open = models.BooleanField(default=False, db_default=False)
    open_entries = models.PositiveIntegerField(default=0, db_default=0)
    open_offers = models.PositiveIntegerField(default=0, db_default=0)
    waiting = models.PositiveIntegerField(default=0, db_default=0)
    public_sales = models.PositiveIntegerField(default=0, db_default=0)
    seq = models.PositiveIntegerField(default=0, db_default=0)
    head = models.TextField()
    free = models.PositiveIntegerField(null=True)
    freed_seq = models.PositiveIntegerField(null=True)
    reserved_ref = models.TextField(null=True)
    recorded_at = models.DateTimeField(null=True)
    most_passed = models.IntegerField(default=UNKNOWN_PASSES, db_default=UNKNOWN_PASSES)

    class Meta:
        db_table = "lines"
        constraints = [
            models.UniqueConstraint(fields=["event"], name="unq_line_event"),
            models.CheckConstraint(
                name="chk_line_head", condition=models.Q(head__regex=r"^[0-9a-f]{64}$")
            ),
        ]


class LineEvent(EventOwned):
    """One record of an event's line, chained to the one before by its hash. Append-only.

    `docs/line-record.md` says what each kind means, and which members it has.
    """

    event = models.ForeignKey(
        Event, on_delete=models.DO_NOTHING, related_name="+", db_constraint=False, db_index=False
    )
    seq = models.PositiveIntegerField()
    kind = models.TextField(choices=RecordKind)
    ref = models.TextField(null=True)
    seats = models.PositiveIntegerField(null=True)
    least = models.PositiveSmallIntegerField(null=True)
    score = models.IntegerField(null=True)
    rank = models.DateTimeField(null=True)
    position = models.PositiveIntegerField(null=True)
    confirmed = models.BooleanField(null=True)
    reason = models.TextField(null=True)
    until = models.DateTimeField(null=True)
    free = models.PositiveIntegerField(null=True)
    capacity = models.PositiveIntegerField(null=True)
    skips = models.PositiveSmallIntegerField(null=True)
    cause = models.PositiveIntegerField(null=True)
    # Of draws: see `docs/line-record.md`.
    beacon = models.TextField(null=True)
    commitment = models.TextField(null=True)
    due = models.DateTimeField(null=True)
    list = models.TextField(null=True)
    lots = models.IntegerField(null=True)
    secret = models.TextField(null=True)
    at = models.DateTimeField(db_default=Clock())
    prev = models.TextField()
    hash = models.TextField()

    class Meta:
        db_table = "line_events"
        verbose_name = "record of a line"
        verbose_name_plural = "records of lines"
        constraints = [
            models.UniqueConstraint(fields=["event", "seq"], name="unq_line_event_seq"),
            models.CheckConstraint(
                name="chk_line_event_kind", condition=models.Q(kind__in=RecordKind.values)
            ),
        ]
        indexes = [
            models.Index(
                fields=["event", "ref"],
                name="idx_line_events_ref",
                condition=models.Q(ref__isnull=False),
            ),
            BrinIndex(fields=["at"], name="idx_line_events_at", autosummarize=True),
        ]
