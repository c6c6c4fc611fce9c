"""Validation refuses with a message what the database would refuse without one."""

from datetime import UTC, datetime

import pytest

from evently.errors import Invalid
from events import operations
from events.factories import EventFactory

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("currency", "eur"),
        ("currency", "E1"),
        ("promotion_window_minutes", 0),
        ("promotion_window_minutes", 10_081),
        ("event_date", datetime(9999, 12, 31, 23, tzinfo=UTC)),
        ("timezone", "Mars/Olympus"),
        ("timezone", "localtime"),
        ("sales_start_at", datetime(2199, 1, 1, tzinfo=UTC)),
        ("max_per_booking", 11),
        ("total_capacity", 1_000_001),
        ("name", "a\x00b"),
    ],
)
def test_edit_event_refuses_with_a_message(field, value):
    event = EventFactory()
    with pytest.raises(Invalid) as refusal:
        operations.edit_event(event_id=event.pk, version=1, **{field: value})
    assert field in refusal.value.fields


def test_all_problems_of_price_and_payment_are_reported_together():
    event = EventFactory(published_at=None)
    changes = {"currency": "E1", "base_price": -1, "payment_mode": "transfer"}
    with pytest.raises(Invalid) as refusal:
        operations.edit_event(event_id=event.pk, version=1, **changes)
    assert changes.keys() <= refusal.value.fields.keys()
