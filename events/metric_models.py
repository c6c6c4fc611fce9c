"""Figures of events."""

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from evently.database.models import Organized
from evently.database.money import MoneyField


class Resolution(models.TextChoices):
    """How long a bucket is: hours are those of UTC, days those of the event's calendar."""

    MINUTE = "minute"
    HOUR = "hour"
    DAY = "day"


class Outcome(models.TextChoices):
    """What a person did after a refusal; lost: neither booked nor joined the waitlist."""

    LOST = "lost"
    JOINED = "joined"
    BOOKED = "booked"


class EventMetric(Organized):
    """One figure of an event in one bucket, written by the roll-ups (`boxoffice.figures`).

    metric_type: of the registry there. recorded_at: when the bucket begins. A bucket in which
    nothing changed has no row.
    """

    event = models.ForeignKey(
        "events.Event",
        on_delete=models.DO_NOTHING,
        related_name="metrics",
        db_constraint=False,
        db_index=False,
    )
    metric_type = models.TextField()
    metric_value = models.DecimalField(max_digits=14, decimal_places=4)
    recorded_at = models.DateTimeField(db_default=Now())
    resolution = models.TextField(
        choices=Resolution, default=Resolution.HOUR, db_default=Resolution.HOUR
    )
    is_realtime = models.BooleanField(default=False, db_default=False)

    class Meta:
        db_table = "event_analytics"
        constraints = [
            models.CheckConstraint(name="chk_metric_type", condition=~Q(metric_type="")),
            models.CheckConstraint(
                name="chk_metric_resolution", condition=Q(resolution__in=Resolution.values)
            ),
            models.CheckConstraint(
                name="chk_metric_realtime",
                condition=Q(is_realtime=True, resolution="minute")
                | Q(is_realtime=False) & ~Q(resolution="minute"),
            ),
            models.UniqueConstraint(
                fields=["event", "metric_type", "resolution", "recorded_at"],
                name="unq_event_metric",
            ),
        ]
        indexes = [
            models.Index(
                F("event"),
                F("metric_type"),
                F("recorded_at").desc(),
                name="idx_analytics_event_type",
            ),
            # Those that are dropped after some days.
            models.Index(
                fields=["recorded_at"], name="idx_analytics_realtime", condition=Q(is_realtime=True)
            ),
        ]


class LostDemand(Organized):
    """People who were refused seats of an event, by the day of their last refusal (UTC).

    Written by `boxoffice.figures.lost_demand_rolling`; without people. reason: the code of the
    refusal that counts. value: of the seats, at the prices of those moments, in the event's
    currency.
    """

    event = models.ForeignKey(
        "events.Event",
        on_delete=models.DO_NOTHING,
        related_name="lost_demand",
        db_constraint=False,
        db_index=False,
    )
    day = models.DateField()
    outcome = models.TextField(choices=Outcome)
    reason = models.TextField()
    people = models.IntegerField()
    seats = models.IntegerField()
    value = MoneyField(max_digits=20)

    class Meta:
        db_table = "event_lost_demand"
        constraints = [
            models.CheckConstraint(
                name="chk_lost_demand_outcome", condition=Q(outcome__in=Outcome.values)
            ),
            models.CheckConstraint(
                name="chk_lost_demand_counts",
                condition=Q(people__gt=0, seats__gte=F("people"), value__gte=0),
            ),
            models.UniqueConstraint(
                fields=["event", "day", "outcome", "reason"], name="unq_lost_demand"
            ),
        ]


class LostDemandState(Organized):
    """How far the lost demand of an event is counted; events that never refused anyone have no row.

    as_of: when it was counted, None for never. due_at: when to count it again, None if nothing
    happened since. refusals: how many were read, by which it is counted less often.
    """

    event = models.ForeignKey(
        "events.Event",
        on_delete=models.DO_NOTHING,
        related_name="lost_demand_states",
        db_constraint=False,
        db_index=False,
    )
    as_of = models.DateTimeField(null=True)
    due_at = models.DateTimeField(null=True)
    refusals = models.IntegerField(default=0, db_default=0)

    class Meta:
        db_table = "lost_demand_states"
        constraints = [
            models.CheckConstraint(name="chk_lost_demand_refusals", condition=Q(refusals__gte=0)),
            models.UniqueConstraint(fields=["event"], name="unq_lost_demand_state"),
        ]
        indexes = [
            models.Index(
                fields=["due_at"], name="idx_lost_demand_due", condition=Q(due_at__isnull=False)
            )
        ]


class RollUp(models.Model):
    """How far one resolution is rolled up, and whether it agreed with the tables last.

    done_until: everything before it is in event_analytics; of LOST_DEMAND, events in which
    something happened before it are marked. differences: rows that the nightly check found to
    differ; None before the first check.
    """

    LOST_DEMAND = "lost_demand"

    resolution = models.TextField(
        primary_key=True, choices=[*Resolution.choices, (LOST_DEMAND, "Lost demand")]
    )
    done_until = models.DateTimeField()
    checked_at = models.DateTimeField(null=True)
    differences = models.IntegerField(null=True)

    class Meta:
        db_table = "roll_ups"
        constraints = [
            models.CheckConstraint(
                name="chk_roll_up_resolution",
                condition=Q(resolution__in=[*Resolution.values, "lost_demand"]),
            )
        ]

    def __str__(self) -> str:
        return self.resolution
