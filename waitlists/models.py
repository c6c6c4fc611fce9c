"""Waitlist entries; and under one name all models of the app.

Enforced by the database (`waitlists/sql/`): positions, `joined_at`, and the columns that must not
change.
"""

from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import F, Q, Value
from django.db.models.functions import Coalesce, Now

from evently.database.functions import Clock
from evently.database.models import Organized
from evently.database.money import MoneyField
from evently.time_zones import zone_named
from events.models import PRICE_LIMIT, Event
from waitlists.archive_models import ArchivedEntry
from waitlists.draw_models import Beacon, Draw, DrawStatus
from waitlists.promotion_models import MovedReason, Promotion, PromotionStatus
from waitlists.record_models import Line, LineEvent, RecordKind

__all__ = [
    "MOST_LAPSES",
    "OPEN_STATUSES",
    "RANKED_AT",
    "ArchivedEntry",
    "Beacon",
    "Draw",
    "DrawStatus",
    "EntryStatus",
    "Line",
    "LineEvent",
    "MovedReason",
    "Promotion",
    "PromotionStatus",
    "RecordKind",
    "WaitlistEntry",
    "WaitlistQuerySet",
]


class EntryStatus(models.TextChoices):
    WAITING = "waiting"
    PROMOTED = "promoted"
    BOOKED = "booked"
    LEFT = "left"
    EXPIRED = "expired"


# Entries that wait for an offer, or have one that is not answered yet.
OPEN_STATUSES = (EntryStatus.WAITING, EntryStatus.PROMOTED)


# So many offers for an event that ran out keep from joining again (`trg_waitlists_join`, too).
MOST_LAPSES = 3

# The time that an entry is ranked by: of joining, unless an organizer has moved it.
RANKED_AT = Coalesce("ranked_at", "joined_at")


class WaitlistQuerySet(models.QuerySet["WaitlistEntry"]):
    def waiting(self) -> "WaitlistQuerySet":
        return self.filter(status=EntryStatus.WAITING)

    def open(self) -> "WaitlistQuerySet":
        """Entries that wait for an offer or have a pending one."""
        return self.filter(status__in=OPEN_STATUSES)

    def confirmed(self) -> "WaitlistQuerySet":
        """Waiting entries whose places are confirmed: only these are offered seats."""
        return self.waiting().filter(confirmed_at__isnull=False)

    def confirmed_of_mailbox(self, mailbox: str | None) -> "WaitlistQuerySet":
        """Open entries that are confirmed: one per event (`unq_mailbox_event_waitlist`)."""
        return self.open().filter(
            mailbox__isnull=False, mailbox=mailbox, confirmed_at__isnull=False
        )

    def with_passes(self, public_sales: int) -> "WaitlistQuerySet":
        """Annotate how often each was passed, by offers and by public sales (`passes`).

        public_sales: of the event's line, up to now.
        """
        passes = F("passed_over") - F("public_sales_before") + Value(public_sales)
        return self.annotate(passes=passes)

    def fitting(self, free_seats: int) -> "WaitlistQuerySet":
        """Confirmed entries that accept an offer of this many seats.

        The database function `evently_line_comes_first` applies the same rule.
        """
        return self.confirmed().filter(min_quantity__lte=free_seats)

    def to_consider(self, *, free: int, max_passes: int | None) -> "WaitlistQuerySet":
        """Of entries annotated `with_passes`, those that `choose_entries` has to see.

        Others change nothing: they neither fit, nor will they reserve, as there are at most as many
        offers as free seats.
        """
        matters = Q(min_quantity__lte=free)
        if max_passes is not None:
            matters |= Q(passes__gt=max_passes - free)
        return self.confirmed().filter(matters)

    def never_fitting(self, capacity: int) -> "WaitlistQuerySet":
        """Waiting entries that need more seats than the event has at all."""
        return self.waiting().filter(min_quantity__gt=capacity)

    def behind(self, entry: "WaitlistEntry") -> "WaitlistQuerySet":
        """Entries that rank behind this one, or would if they waited."""
        at = entry.ranked_at or entry.joined_at
        later = Q(ranking_time__gt=at) | Q(ranking_time=at, pk__gt=entry.pk)
        return self.annotate(ranking_time=RANKED_AT).filter(
            Q(priority_score__lt=entry.priority_score)
            | Q(later, priority_score=entry.priority_score)
        )

    def in_waitlist_order(self) -> "WaitlistQuerySet":
        """The order in which offers are made; `position` is the rank in it."""
        return self.order_by("-priority_score", RANKED_AT, "id")


class WaitlistEntry(Organized):
    """One person waiting for seats at one event; joining again reuses the row.

    Triggers: `trg_waitlists_join` (who may join; sets `joined_at`), `trg_waitlists_confirm` (the
    limit per person, once the place is confirmed), `trg_waitlists_rank_*` (positions from the first
    changed place on, once per statement).
    """

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.DO_NOTHING,
        related_name="waitlist_entries",
        db_constraint=False,
        db_index=False,
    )
    event = models.ForeignKey(
        Event,
        on_delete=models.DO_NOTHING,
        related_name="waitlist_entries",
        db_constraint=False,
        db_index=False,
    )
    quantity = models.PositiveSmallIntegerField(default=1, db_default=1)
    min_quantity = models.PositiveSmallIntegerField(default=1, db_default=1)
    auto_accept = models.BooleanField(default=False, db_default=False)
    unit_price = MoneyField()
    position = models.PositiveIntegerField(null=True, editable=False)
    priority_score = models.IntegerField(default=0, db_default=0)
    priority_reason = models.TextField(blank=True, default="", db_default="")
    # Offers that passed it while it waited, and the public sales of the line until it joined: all
    # sales since have passed it as well (`passes_of`).
    passed_over = models.PositiveIntegerField(default=0, db_default=0, editable=False)
    public_sales_before = models.IntegerField(default=0, db_default=0, editable=False)
    # When the address was proved, or the place was confirmed by its emailed link. Only confirmed
    # places are offered seats.
    confirmed_at = models.DateTimeField(null=True, blank=True, editable=False)
    # The pseudonym of this joining in the public record; new each time.
    ref = models.TextField(null=True, editable=False)
    # Its place in the event's draw; only the draw gives it. Joining again takes it away.
    draw_place = models.IntegerField(null=True, editable=False)
    # Offers that ran out: joining again ranks one lower for each.
    lapses = models.SmallIntegerField(default=0, db_default=0, editable=False)
    # Digest of the mailbox that the address belonged to on joining; changing the address leaves it.
    # Null where unknown: such entries count for their user only.
    mailbox = models.TextField(null=True, editable=False)
    # The person's own time zone, as their browser said; "" if unknown.
    timezone = models.TextField(default="", db_default="", editable=False)
    joined_at = models.DateTimeField(db_default=Clock(), editable=False)
    # Set where an organizer has moved the entry: between the times of its new neighbours.
    ranked_at = models.DateTimeField(null=True, blank=True, editable=False)
    expires_at = models.DateTimeField(null=True, blank=True)
    status = models.TextField(
        choices=EntryStatus, default=EntryStatus.WAITING, db_default=EntryStatus.WAITING
    )
    notify_prefs = models.JSONField(default=dict, db_default=models.Value({}, models.JSONField()))
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    updated_at = models.DateTimeField(db_default=Now(), editable=False)

    # Offers and public sales that passed it; only where a query annotates it.
    passes: int

    objects = WaitlistQuerySet.as_manager()

    class Meta:
        # Operations refer to constraints by name (`refusing`), so the names are fixed.
        db_table = "waitlists"
        verbose_name_plural = "waitlist entries"
        constraints = [
            models.UniqueConstraint(fields=["user", "event"], name="unq_user_event_waitlist"),
            # A place that is not confirmed may be another person's doing: it keeps none away.
            models.UniqueConstraint(
                fields=["event", "mailbox"],
                name="unq_mailbox_event_waitlist",
                condition=Q(
                    mailbox__isnull=False,
                    confirmed_at__isnull=False,
                    status__in=["waiting", "promoted"],
                ),
            ),
            models.CheckConstraint(
                name="chk_waitlist_position", condition=Q(position__isnull=True) | Q(position__gt=0)
            ),
            models.CheckConstraint(
                name="chk_waitlist_quantity",
                condition=Q(quantity__gte=1, quantity__lte=10),
            ),
            models.CheckConstraint(
                name="chk_waitlist_min_quantity",
                condition=Q(min_quantity__gte=1, min_quantity__lte=F("quantity")),
            ),
            models.CheckConstraint(
                name="chk_waitlist_status", condition=Q(status__in=EntryStatus.values)
            ),
            models.CheckConstraint(
                name="chk_waitlist_priority_reason",
                condition=Q(priority_score=0) | ~Q(priority_reason=""),
            ),
            models.CheckConstraint(
                name="chk_waitlist_ranked_reason",
                condition=Q(ranked_at__isnull=True) | ~Q(priority_reason=""),
            ),
            models.CheckConstraint(
                name="chk_waitlist_price",
                condition=Q(unit_price__gte=0, unit_price__lt=PRICE_LIMIT),
            ),
        ]
        indexes = [
            # Not a B-tree, or each new position would have to enter all indexes anew.
            BrinIndex(
                fields=["event", "position"],
                name="idx_waitlists_event_position",
                condition=Q(status="waiting"),
            ),
            models.Index(
                F("event"),
                F("priority_score").desc(),
                RANKED_AT,
                F("id"),
                name="idx_waitlists_order",
                condition=Q(status="waiting"),
            ),
            models.Index(
                fields=["event", "min_quantity"],
                name="idx_waitlists_fits",
                condition=Q(status="waiting", confirmed_at__isnull=False),
            ),
            models.Index(
                fields=["user"],
                name="idx_waitlists_unconfirmed",
                condition=Q(status="waiting", confirmed_at__isnull=True),
            ),
            models.Index(
                fields=["event", "mailbox"],
                name="idx_waitlists_mailbox",
                condition=Q(mailbox__isnull=False),
            ),
        ]

    @property
    def is_waiting(self) -> bool:
        return self.status == EntryStatus.WAITING

    @property
    def is_open(self) -> bool:
        """Whether it waits for an offer, or has one that is not answered yet."""
        return self.status in OPEN_STATUSES

    @property
    def is_confirmed(self) -> bool:
        """Whether it can be offered seats."""
        return self.confirmed_at is not None

    @property
    def own_zone(self) -> ZoneInfo | None:
        """The person's own time zone; None if it is not known."""
        return zone_named(self.timezone)

    @property
    def can_rejoin(self) -> bool:
        """Whether too few offers to this person ran out to keep them from joining again."""
        return self.lapses < MOST_LAPSES

    def is_outgrown(self, *, capacity: int) -> bool:
        """Tell whether it needs more seats than the event has, so that it waits in vain."""
        return self.is_waiting and self.min_quantity > capacity

    @property
    def has_offer(self) -> bool:
        """Whether seats are held for it; the offer may have expired without being ended yet."""
        return self.status == EntryStatus.PROMOTED
