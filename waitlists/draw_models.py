"""Draws: the order of a waitlist by lot, which anyone can check.

The database computes what a draw says (`evently_draws_update`), at the times that were announced;
`waitlists.drawing` has the same formulas without a database.
"""

from datetime import datetime, timedelta

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q, Value
from django.db.models.functions import Cast, Concat

from evently.database.functions import Clock
from evently.database.models import Organized
from events.models import Event

HEX_64 = r"^[0-9a-f]{64}$"
# Why a draw is void whose waitlist closed before: nothing is offered any more.
CLOSED_BEFORE = "the waitlist closed before"
# Between closing and the beacon, the frozen list is published.
TO_FREEZE = timedelta(minutes=5)
# How long after the beacon a draw must be revealed; otherwise it is void, and repeated.
TO_REVEAL = timedelta(hours=1)
# Of drand's "quicknet": when its first round was, and the seconds between two rounds.
QUICKNET_GENESIS = 1692803367
QUICKNET_PERIOD = 3


class Beacon(models.TextChoices):
    """Where the random number comes from that neither organizer nor site can know before."""

    DRAND = "drand", "drand, a public random beacon"
    NUMBERS = "numbers", "Numbers of a lottery, typed in"


class DrawStatus(models.TextChoices):
    OPEN = "open"
    FROZEN = "frozen"
    DRAWN = "drawn"
    VOID = "void"


PENDING_STATUSES = (DrawStatus.OPEN, DrawStatus.FROZEN)


# What a round of drand's "quicknet" is called, and when it exists.
ROUND_NAME = Concat(
    Value("drand quicknet, round "),
    Cast("beacon_round", models.TextField()),
    output_field=models.TextField(),
)
ROUND_AT = models.Func(
    F("beacon_round"),
    template=f"to_timestamp({QUICKNET_GENESIS} + (%(expressions)s - 1) * {QUICKNET_PERIOD})",
    output_field=models.DateTimeField(),
)


class DrawQuerySet(models.QuerySet["Draw"]):
    def pending(self) -> "DrawQuerySet":
        """Draws that are announced, and neither drawn nor void: at most one of an event."""
        return self.filter(status__in=PENDING_STATUSES)

    def due_by_hand(self) -> "DrawQuerySet":
        """Draws whose numbers are known, and are the organizer's to enter."""
        return self.filter(
            status=DrawStatus.FROZEN,
            beacon=Beacon.NUMBERS,
            beacon_at__lte=Clock(),
            reveal_by__gte=Clock(),
        )

    def due(self) -> "DrawQuerySet":
        """Pending draws of which a step is due: frozen from their beacon on, or revealed late."""
        frozen = Q(status=DrawStatus.FROZEN, beacon_at__lte=Clock())
        by_hand = Q(beacon=Beacon.NUMBERS, reveal_by__gte=Clock())
        is_closed = ~Q(event__status="active")
        return self.pending().filter(
            Q(status=DrawStatus.OPEN, closes_at__lte=Clock()) | frozen & ~by_hand | is_closed
        )


class Draw(Organized):
    """One draw of an event; after a void one, the next has the next number.

    closes_at: those who joined before it take part. beacon_at: when the beacon's value exists;
    beacon_name says which it is, beacon_round is that of drand. commitment: SHA-256 of the secret,
    which is sealed with the wrapping key `sealed_with` until it is revealed. refs: the list, by
    pseudonyms, sorted; lots: how many. list_hash, seed: see `waitlists.drawing`. reveal_by: later,
    it is void. unreachable_at: when drand could not be reached last.

    Triggers: `trg_draws_insert`, `trg_draws_update` (the steps and their times), `trg_draw_step`
    (their records, and the places), `trg_draws_guard` (kept with the event).
    """

    event = models.ForeignKey(
        Event,
        on_delete=models.DO_NOTHING,
        related_name="draws",
        db_constraint=False,
        db_index=False,
    )
    number = models.IntegerField(db_default=1, editable=False)
    closes_at = models.DateTimeField()
    beacon = models.TextField(choices=Beacon, default=Beacon.DRAND)
    beacon_name = models.TextField()
    beacon_round = models.BigIntegerField(null=True, blank=True)
    beacon_at = models.DateTimeField()
    commitment = models.TextField(editable=False)
    sealed_secret = models.BinaryField()
    sealed_with = models.TextField(editable=False)
    status = models.TextField(
        choices=DrawStatus, default=DrawStatus.OPEN, db_default=DrawStatus.OPEN
    )
    refs = ArrayField(models.TextField(), null=True, editable=False)
    lots = models.IntegerField(null=True, editable=False)
    list_hash = models.TextField(null=True, editable=False)
    frozen_at = models.DateTimeField(null=True, editable=False)
    reveal_by = models.DateTimeField(null=True, editable=False)
    unreachable_at = models.DateTimeField(null=True, editable=False)
    beacon_value = models.TextField(null=True, editable=False)
    secret = models.TextField(null=True, editable=False)
    seed = models.TextField(null=True, editable=False)
    ended_at = models.DateTimeField(null=True, editable=False)
    void_reason = models.TextField(default="", db_default="", editable=False)
    created_at = models.DateTimeField(db_default=Clock(), editable=False)

    objects = DrawQuerySet.as_manager()

    class Meta:
        db_table = "draws"
        constraints = [
            models.UniqueConstraint(
                fields=["event"], name="unq_draw_event", condition=~Q(status="void")
            ),
            models.UniqueConstraint(fields=["event", "number"], name="unq_draw_number"),
            models.CheckConstraint(
                name="chk_draw_status", condition=Q(status__in=DrawStatus.values)
            ),
            models.CheckConstraint(
                name="chk_draw_times", condition=Q(beacon_at__gte=F("closes_at") + TO_FREEZE)
            ),
            models.CheckConstraint(
                name="chk_draw_commitment", condition=Q(commitment__regex=HEX_64)
            ),
            models.CheckConstraint(
                name="chk_draw_beacon",
                condition=Q(
                    beacon="drand",
                    beacon_name=ROUND_NAME,
                    beacon_round__isnull=False,
                    beacon_at=ROUND_AT,
                )
                | Q(beacon="numbers", beacon_round__isnull=True)
                & ~Q(beacon_name__icontains="drand"),
            ),
            models.CheckConstraint(name="chk_draw_named", condition=~Q(beacon_name="")),
            models.CheckConstraint(
                name="chk_draw_value",
                condition=Q(beacon_value__isnull=True) & ~Q(status="drawn")
                | Q(
                    beacon="drand",
                    status="drawn",
                    beacon_value__isnull=False,
                    beacon_value__regex=HEX_64,
                )
                | Q(
                    beacon="numbers",
                    status="drawn",
                    beacon_value__isnull=False,
                    beacon_value__regex=r"^(0|[1-9][0-9]{0,3})( (0|[1-9][0-9]{0,3})){2,19}$",
                ),
            ),
            models.CheckConstraint(
                name="chk_draw_void",
                condition=Q(status="void") & ~Q(void_reason="")
                | ~Q(status="void") & Q(void_reason=""),
            ),
        ]
        indexes = [
            models.Index(
                fields=["closes_at"],
                name="idx_draws_pending",
                condition=Q(status__in=["open", "frozen"]),
            ),
        ]

    @property
    def is_pending(self) -> bool:
        return self.status in PENDING_STATUSES

    @property
    def is_frozen(self) -> bool:
        return self.status == DrawStatus.FROZEN

    @property
    def is_drawn(self) -> bool:
        return self.status == DrawStatus.DRAWN

    @property
    def is_void(self) -> bool:
        return self.status == DrawStatus.VOID

    @property
    def leaves_order_of_joining(self) -> bool:
        """Whether it is void, and seats go in the order of joining unless it is repeated."""
        return self.is_void and self.void_reason != CLOSED_BEFORE

    def is_overdue(self, *, at: datetime) -> bool:
        """Tell whether it was not frozen, or not revealed, in time."""
        if self.status == DrawStatus.OPEN:
            return at >= self.beacon_at
        return self.reveal_by is not None and at > self.reveal_by
