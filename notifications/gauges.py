"""Gauges of notifications and emails, read at each scrape."""

import time
from collections.abc import Iterable
from datetime import timedelta

from django.db.models import Count, DurationField, ExpressionWrapper, F, Max
from prometheus_client.metrics_core import Metric

from evently import metrics
from evently.database.functions import Clock
from notifications.models import EmailDelivery, Notification, NotificationStatus
from notifications.operations.partitions import rows_outside
from notifications.operations.resending import FAILED
from notifications.providers import health
from notifications.providers.registry import providers
from notifications.queries import RECENT

DAY = timedelta(days=1)
AGE = ExpressionWrapper(Clock() - F("created_at"), output_field=DurationField())


def undelivered() -> Iterable[Metric]:
    """Return how many notifications are not delivered yet, and the age of the oldest.

    Needs the index of due ones only, in partitions that may have any.
    """
    pending = Notification.objects.filter(
        status=NotificationStatus.PENDING, created_at__gt=Clock() - RECENT
    )
    found = pending.aggregate(count=Count("pk"), oldest=Max(AGE))
    yield metrics.gauge(
        "evently_messages_pending", "Notifications not delivered yet.", float(found["count"])
    )
    yield metrics.gauge(
        "evently_messages_pending_age_seconds",
        "Age of the oldest notification that is not delivered yet.",
        (found["oldest"] or timedelta()).total_seconds(),
    )


def failed_emails() -> Iterable[Metric]:
    """Return how many emails of the last day were given up or bounced; from an index."""
    failed = EmailDelivery.objects.filter(status__in=FAILED, created_at__gt=Clock() - DAY)
    yield metrics.gauge(
        "evently_emails_failed_last_day",
        "Emails of the last 24 hours that were given up or bounced.",
        float(failed.count()),
    )


def outside_partitions() -> Iterable[Metric]:
    """Return how many notifications are in no month's partition, which should be none."""
    yield metrics.gauge(
        "evently_notifications_outside_partitions",
        "Notifications in the default partition, as that of their month is missing.",
        float(rows_outside()),
    )


def email_providers() -> Iterable[Metric]:
    """Return how the providers of the settings do, as all mailers have seen it; from the broker."""
    found = health.read([provider.name for provider in providers()])
    now = time.time()
    yield metrics.gauge(
        "evently_email_provider_up",
        "Whether mailers use a provider of emails; 0: it failed, and is tried again now and then.",
        {name: float(not each.is_down) for name, each in found.items()},
        label="provider",
    )
    yield metrics.gauge(
        "evently_email_provider_sent_last_hour",
        "Emails that a provider took in the last 60 minutes.",
        {name: float(each.sent) for name, each in found.items()},
        label="provider",
    )
    yield metrics.gauge(
        "evently_email_provider_success_age_seconds",
        "Time since a provider last took an email, where it did so within a week.",
        {n: max(now - each.succeeded_at, 0) for n, each in found.items() if each.succeeded_at},
        label="provider",
    )


metrics.collect_on_scrape(email_providers)
metrics.collect_on_scrape(undelivered)
metrics.collect_on_scrape(outside_partitions)
metrics.collect_on_scrape(failed_emails)
