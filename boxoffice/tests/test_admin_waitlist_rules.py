"""The rules of a waitlist in the form of an event, in its history and in its copies."""

import pytest

from bookings.factories import BookingFactory
from boxoffice.tests.organizing import EVENTS, confirmed, errors_of, event_page, form_of
from events.changes import differences
from events.factories import EventFactory
from events.models import Event
from events.operations import copy_event
from waitlists.factories import WaitlistEntryFactory

pytestmark = pytest.mark.django_db


def rules_of(event):
    event.refresh_from_db()
    return event.max_passes, event.max_per_place, event.waitlist_until_start


def save(admin, event, **changes):
    page = event_page(event)
    return admin.post(page, form_of(admin, page) | changes)


@pytest.mark.parametrize(("choice", "stored"), [("0", 0), ("off", None), ("3", 3)])
def test_organizer_chooses_how_often_a_group_is_passed(admin, organizer, choice, stored):
    event = EventFactory(created_by=organizer, max_passes=None if stored == 0 else 0)

    response = save(admin, event, max_passes=choice)

    assert response.status_code == 302
    assert rules_of(event)[0] == stored
    assert form_of(admin, event_page(event))["max_passes"] == choice


def test_saving_other_fields_leaves_a_missing_limit_missing(admin, organizer):
    event = EventFactory(created_by=organizer, max_passes=None, max_per_place=2)

    save(admin, event, waitlist_until_start="on")

    assert rules_of(event) == (None, 2, True)


def test_new_event_lets_a_group_be_passed_three_times(admin):
    form = admin.get(f"{EVENTS}add/").context["adminform"].form

    assert str(form["max_passes"].value()) == "3"


@pytest.mark.parametrize("value", ["0", "11", "many"])
def test_invalid_limit_per_place_is_refused_beside_its_field(admin, organizer, value):
    event = EventFactory(created_by_id=organizer.pk)

    assert list(errors_of(save(admin, event, max_per_place=value))) == ["max_per_place"]


def test_rule_can_change_while_people_wait(admin, organizer):
    event = EventFactory(created_by=organizer, total_capacity=2)
    BookingFactory(event=event, quantity=2)
    WaitlistEntryFactory(event=event)

    response = save(admin, event, max_passes="0")
    if response.status_code == 200:
        confirmed(admin, response)

    assert rules_of(event)[0] == 0


def test_changed_rule_is_told_in_words():
    event = EventFactory()

    (changed,) = differences(event, {"max_passes": (3, None)})

    assert (changed.name, changed.old, changed.new) == (
        "rule for groups on the waitlist",
        "passed up to 3 times",
        "passed without a limit",
    )


def test_copy_has_the_same_rules(organizer):
    event = EventFactory(
        created_by=organizer, max_passes=0, max_per_place=2, waitlist_until_start=True
    )

    copy = copy_event(event_id=event.pk, by_id=organizer.pk)

    assert rules_of(Event.objects.get(pk=copy.pk)) == (0, 2, True)
