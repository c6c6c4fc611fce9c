"""Figures of events."""

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from evently.database.models import Organized


class EventMetric(Organized):
    """One figure of an event at one time."""

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
    is_realtime = models.BooleanField(default=False, db_default=False)

    class Meta:
        db_table = "event_analytics"
        constraints = [models.CheckConstraint(name="chk_metric_type", condition=~Q(metric_type=""))]
        indexes = [
            models.Index(
                F("event"),
                F("metric_type"),
                F("recorded_at").desc(),
                name="idx_analytics_event_type",
            )
        ]
