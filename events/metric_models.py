"""Figures of events."""

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from evently.database.models import Organized


class Resolution(models.TextChoices):
    """How long a bucket is: hours are those of UTC, days those of the event's calendar."""

    MINUTE = "minute"
    HOUR = "hour"
    DAY = "day"


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


class RollUp(models.Model):
    """How far one resolution is rolled up, and whether it agreed with the tables last.

    done_until: everything before it is in event_analytics. differences: rows that the nightly check
    found to differ; None before the first check.
    """

    resolution = models.TextField(primary_key=True, choices=Resolution)
    done_until = models.DateTimeField()
    checked_at = models.DateTimeField(null=True)
    differences = models.IntegerField(null=True)

    class Meta:
        db_table = "roll_ups"
        constraints = [
            models.CheckConstraint(
                name="chk_roll_up_resolution", condition=Q(resolution__in=Resolution.values)
            )
        ]

    def __str__(self) -> str:
        return self.resolution
