"""Setting up, changing, suspending and resuming price rules."""

from datetime import timedelta
from decimal import Decimal

import pytest

from evently.errors import EditedMeanwhile, Invalid
from events import operations
from events.factories import EventFactory
from events.models import EventStatus, PriceChange, PriceRule
from events.operations import save_price_rule
from events.operations.series import copy_to_days

pytestmark = pytest.mark.django_db
BOUNDS = {"floor": Decimal("20.00"), "ceiling": Decimal("40.00")}


@pytest.fixture
def event():
    return EventFactory(priced=30)


def test_new_rule_has_defaults_and_is_off(event):
    assert operations.price_rule_of(event.pk) is None

    rule = save_price_rule(event_id=event.pk, version=0, **BOUNDS)

    event.refresh_from_db()
    assert (rule.enabled, rule.version, rule.organizer_id) == (False, 1, event.created_by_id)
    assert rule.rounding_unit == 1
    assert not event.price_moves
    on = save_price_rule(event_id=event.pk, version=1, enabled=True)
    event.refresh_from_db()
    assert (on.version, on.is_active, on.name) == (2, True, "price rule v2")
    assert (event.price_floor, event.price_ceiling) == (20, 40)


def test_editors_do_not_overwrite_each_other(event):
    save_price_rule(event_id=event.pk, version=0, **BOUNDS)
    for version in (0, 2):
        with pytest.raises(EditedMeanwhile):
            save_price_rule(event_id=event.pk, version=version, ceiling=Decimal(50))
    assert PriceRule.objects.get().ceiling == 40


WRONG = {
    "floor": (Decimal("30.01"), "€30.00 now"),
    "ceiling": (Decimal("29.99"), "€30.00 now"),
    "max_step": (Decimal(0), "above 0"),
    "rounding_unit": (Decimal("0.001"), "decimals"),
    "rounding_ending": (Decimal("1.00"), "below"),
    "min_interval_minutes": (4, "5 to"),
    "weight_pace": (101, "0 to 100"),
    "expected_percent": (0, "1 to 100"),
    "plan": ([0, 100], "11 shares"),
    "step_kind": ("leap", "percent"),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_setting_is_named(event, name):
    wrong, says = WRONG[name]
    with pytest.raises(Invalid) as caught:
        save_price_rule(event_id=event.pk, version=0, enabled=True, **(BOUNDS | {name: wrong}))
    assert list(caught.value.fields) == [name]
    assert says in caught.value.fields[name]


def test_rule_needs_a_price_and_bounds(event):
    with pytest.raises(Invalid) as caught:
        save_price_rule(event_id=event.pk, version=None, enabled=True)
    assert caught.value.fields.keys() == {"floor", "ceiling"}
    with pytest.raises(Invalid, match=r"."):
        save_price_rule(event_id=EventFactory().pk, version=None, enabled=True, **BOUNDS)
    event.status = EventStatus.CANCELLED
    event.save(update_fields=["status"])
    with pytest.raises(operations.EventOver):
        save_price_rule(event_id=event.pk, version=None, **BOUNDS)


def test_change_by_hand_needs_a_reason_and_suspends_the_rule(event):
    save_price_rule(event_id=event.pk, version=None, enabled=True, **BOUNDS)
    change = {"event_id": event.pk, "version": None}
    for reason in ("", "  ", "\u200b", "\u3164"):
        with pytest.raises(operations.PriceReasonRequired):
            operations.edit_event(**change, current_price=Decimal(35), price_reason=reason)
    for reason in ("a\nb", "a" * 201, "\ud800", "\u202eb"):
        with pytest.raises(Invalid) as caught:
            operations.edit_event(**change, current_price=Decimal(35), price_reason=reason)
        assert list(caught.value.fields) == ["price_reason"]

    moved = operations.edit_event(**change, current_price=Decimal(45), price_reason="A new act")

    assert not moved.price_moves
    assert PriceChange.objects.get().reason == "A new act"
    with pytest.raises(Invalid) as caught:
        operations.resume_price_rule(event_id=event.pk, version=None)
    assert "€45.00" in caught.value.fields["ceiling"]
    operations.edit_event(**change, current_price=Decimal(38))
    rule = operations.resume_price_rule(event_id=event.pk, version=None)
    assert rule.is_active
    event.refresh_from_db()
    assert event.price_moves
    assert operations.resume_price_rule(event_id=event.pk, version=None).version == rule.version


def test_saving_does_not_resume_unless_that_is_said(event):
    save_price_rule(event_id=event.pk, version=None, enabled=True, **BOUNDS)
    operations.edit_event(
        event_id=event.pk, version=None, current_price=Decimal(25), price_reason="Quiet week"
    )
    kept = save_price_rule(event_id=event.pk, version=None, ceiling=Decimal(50))
    assert kept.suspended_at is not None
    resumed = save_price_rule(event_id=event.pk, version=None, resume=True)
    assert resumed.is_active
    off = save_price_rule(event_id=event.pk, version=None, enabled=False)
    assert off.ceiling == 50, "a rule is kept when it is switched off"
    with pytest.raises(operations.NoPriceRule):
        operations.resume_price_rule(event_id=event.pk, version=None)


def test_base_price_does_not_take_a_moving_price_along(event):
    save_price_rule(event_id=event.pk, version=None, enabled=True, **BOUNDS)
    changed = operations.edit_event(event_id=event.pk, version=None, base_price=Decimal(33))
    assert (changed.base_price, changed.current_price) == (33, 30)
    assert changed.price_moves


@pytest.mark.parametrize(
    "reason", ["\\", "'; DROP TABLE events; --\\'", "%s {} $$ E'\\n'", "é" * 200, "👨‍👩‍👧 50 % off"]
)
def test_reason_is_stored_as_it_was_typed(event, reason):
    operations.edit_event(
        event_id=event.pk, version=None, current_price=Decimal(35), price_reason=reason
    )
    change = PriceChange.objects.get()
    assert (change.reason, change.signed) == (reason, True)


def test_copies_of_an_event_have_the_rule_switched_off(event):
    save_price_rule(event_id=event.pk, version=None, enabled=True, **BOUNDS)
    copy = operations.copy_event(event_id=event.pk, by_id=event.created_by_id)
    days = [copy.event_date.date() + timedelta(days=day) for day in (1, 2)]
    series = copy_to_days(event_id=event.pk, by_id=event.created_by_id, days=days)
    assert len(series) == 2
    for made in (copy, *series):
        rule = operations.price_rule_of(made.pk)
        assert (rule.enabled, rule.floor, rule.version) == (False, 20, 1)
