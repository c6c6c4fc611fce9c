"""Local times in the form of an event that do not exist, or exist twice."""

from datetime import UTC, datetime

import pytest

from bookings.factories import BookingFactory
from boxoffice.tests.organizing import EVENTS, confirmed, errors_of, event_page, form_of
from events.admin.wall_clock import NOT_LOCAL
from events.factories import EventFactory
from events.models import Event
from events.operations.validation import TIME_FIELDS

pytestmark = pytest.mark.django_db

# Berlin changes its clocks on 29 March and 25 October of that year.
SKIPPED, TWICE = "2099-03-29T02:30", "2099-10-25T02:30"
FIRST, SECOND = datetime(2099, 10, 25, 0, 30, tzinfo=UTC), datetime(2099, 10, 25, 1, 30, tzinfo=UTC)


@pytest.fixture
def event(organizer):
    return EventFactory(
        created_by=organizer,
        timezone="Europe/Berlin",
        event_date=datetime(2099, 12, 1, 18, tzinfo=UTC),
        published_at=None,
    )


def submit(admin, event, **changes):
    return admin.post(event_page(event), form_of(admin, event_page(event)) | changes)


@pytest.mark.parametrize("field", TIME_FIELDS)
def test_time_that_does_not_exist_is_refused_beside_its_field(admin, event, field):
    refused = submit(admin, event, **{field: SKIPPED})

    assert "clocks go forward from 02:00 to 03:00" in errors_of(refused)[field][0]
    assert SKIPPED in refused.content.decode()


def test_time_that_does_not_exist_is_refused_for_a_new_event(admin):
    data = form_of(admin, f"{EVENTS}add/") | {
        "name": "Night Run",
        "venue": "Park",
        "timezone": "Europe/Berlin",
        "event_date": SKIPPED,
        "total_capacity": "20",
        "base_price": "0",
    }

    assert "does not exist" in errors_of(admin.post(f"{EVENTS}add/", data))["event_date"][0]
    assert not Event.objects.exists()


@pytest.mark.parametrize("typed", ["2099-12-05", "2099-12-05T20:00Z", "2099-12-05T20:00+09:00"])
def test_time_that_is_not_local_is_refused(admin, event, typed):
    refused = submit(admin, event, event_date=typed)

    assert errors_of(refused)["event_date"] == [NOT_LOCAL]


@pytest.mark.parametrize("field", TIME_FIELDS)
@pytest.mark.parametrize(("fold", "meant"), [("0", FIRST), ("1", SECOND)])
def test_time_that_exists_twice_is_asked_for(admin, event, field, fold, meant):
    assert b"_fold" not in admin.get(event_page(event)).content

    changes = {field: TWICE}
    if field == "event_date":
        changes["ends_at"] = ""
    if field == "ends_at":
        changes["event_date"] = "2099-10-24T20:00"
    asked = submit(admin, event, **changes)

    assert "exists twice" in errors_of(asked)[field][0]
    page = asked.content.decode()
    assert f'name="{field}_fold"' in page
    assert "02:30 first, CEST (UTC+02:00)" in page
    assert "02:30 second, CET (UTC+01:00)" in page
    saved = submit(admin, event, **changes, **{f"{field}_fold": fold})
    assert saved.status_code == 302, errors_of(saved)
    event.refresh_from_db()
    assert getattr(event, field) == meant


def test_chosen_time_stays_and_can_be_chosen_again(admin, event):
    submit(admin, event, event_date=TWICE, event_date_fold="1")
    event.refresh_from_db()
    page = admin.get(event_page(event)).content.decode()
    assert '<option value="1" selected>02:30 second' in page

    submit(admin, event, name="Renamed")
    event.refresh_from_db()
    assert (event.name, event.event_date) == ("Renamed", SECOND)
    submit(admin, event, event_date_fold="0")
    event.refresh_from_db()
    assert event.event_date == FIRST
    submit(admin, event, event_date="2099-11-02T02:30", event_date_fold="1")
    event.refresh_from_db()
    assert event.event_date == datetime(2099, 11, 2, 1, 30, tzinfo=UTC)


def test_choice_survives_the_review(admin, organizer):
    event = EventFactory(
        created_by=organizer,
        timezone="Europe/Berlin",
        event_date=datetime(2099, 12, 1, 18, tzinfo=UTC),
    )
    BookingFactory(event=event)

    review = submit(admin, event, event_date=TWICE, event_date_fold="1")
    form = confirmed(admin, review, "back")
    assert b'<option value="1" selected>' in form.content
    confirmed(admin, review)

    event.refresh_from_db()
    assert event.event_date == SECOND


def test_new_time_zone_is_checked_for_all_times(admin, event):
    Event.objects.filter(pk=event.pk).update(
        timezone="Africa/Lagos", event_date=datetime(2099, 3, 29, 1, 30, tzinfo=UTC)
    )
    refused = submit(admin, event, timezone="Europe/Berlin")

    assert "does not exist" in errors_of(refused)["event_date"][0]
