"""Gauges of undelivered messages and failed emails."""

from datetime import timedelta

import pytest

from notifications import gauges
from notifications.factories import NotificationFactory
from notifications.models import EmailDelivery, NotificationStatus

pytestmark = pytest.mark.django_db


def values(metrics):
    return {sample.name: sample.value for metric in metrics for sample in metric.samples}


def test_oldest_undelivered_message(clock):
    assert values(gauges.undelivered()) == {
        "evently_messages_pending": 0,
        "evently_messages_pending_age_seconds": 0,
    }
    NotificationFactory()
    NotificationFactory(status=NotificationStatus.SENT)
    clock.move(timedelta(hours=2))

    found = values(gauges.undelivered())

    assert found["evently_messages_pending"] == 1
    assert 7_200 <= found["evently_messages_pending_age_seconds"] < 10_800


def test_emails_failed_within_a_day(clock):
    for status in ("failed", "bounced", "sent"):
        EmailDelivery.objects.create(
            user=NotificationFactory().user, template_type="notification", status=status
        )
    assert values(gauges.failed_emails()) == {"evently_emails_failed_last_day": 2}

    clock.move(timedelta(hours=25))

    assert values(gauges.failed_emails()) == {"evently_emails_failed_last_day": 0}
