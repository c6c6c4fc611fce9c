"""Figures in the API and as files: of one's own events, in the days of the event."""

import csv
import io
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pyarrow.parquet as pq
import pytest

from bookings.factories import BookingFactory
from boxoffice.figures import lost_demand_rolling, rolling
from evently.accounts.factories import OrganizerFactory, UserFactory
from evently.api.tests.client import api
from evently.database.clock import now
from evently.tests.rows import insert
from evently.tests.sql import run
from events.factories import EventFactory
from events.models import Resolution

pytestmark = pytest.mark.django_db
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def mira():
    return OrganizerFactory()


@pytest.fixture
def event(mira, clock):
    # No day, anywhere, ends in the middle of a test.
    clock.stop()
    event = EventFactory(
        name="=Evening",
        priced=20,
        created_by=mira,
        timezone="Pacific/Auckland",
        created_at=now() - 40 * DAY,
    )
    for days in (1, 1, 3):
        BookingFactory(event=event, quantity=1, created_at=now() - days * DAY)
    insert(
        "booking_attempts",
        event_id=event.pk,
        result="failed",
        failure_reason="sold_out",
        attempted_at=now() - DAY,
    )
    for resolution in Resolution:
        rolling.write(resolution, start=now() - 5 * DAY, end=now() + HOUR)
    return event


def get(user, path, **query):
    return api(user, "organize").get(f"/api/v1/{path}", query)


def test_series_are_dense_and_by_the_days_of_the_event(event, mira):
    names = "seats,booked,revenue,refused:sold_out,fill"
    answer = get(mira, f"events/{event.pk}/analytics/", metrics=names)
    assert answer.status_code == 200
    found = {one["metric"]: one for one in answer.json()["series"]}
    assert list(found) == names.split(",")
    seats = {point["at"]: point["value"] for point in found["seats"]["points"]}
    assert len(seats) == 30
    assert sum(seats.values()) == found["seats"]["total"] == 3
    day = (now() - DAY).astimezone(event.zone).replace(hour=0, minute=0, second=0, microsecond=0)
    assert seats[f"{day.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"] == 2
    assert found["booked"]["total"] == 3
    assert found["revenue"]["total"] == "60.00"
    assert found["refused:sold_out"]["total"] == 1
    assert found["fill"]["points"][-1]["value"] == 0.3
    assert answer.json()["booked_seats"] == 3, "the figures of now are there, too"
    assert get(mira, f"events/{event.pk}/analytics/").json()["series"] == []


def test_attempts_of_days_that_are_over_are_counted_in_the_figures(event, mira):
    booking = BookingFactory(event=event)
    attempts = [
        {"result": "failed", "failure_reason": "invalid"},
        {"result": "success", "booking_id": booking.pk},
    ]
    for columns in attempts:
        insert("booking_attempts", event_id=event.pk, attempted_at=now() - 3 * DAY, **columns)

    def counted():
        return get(mira, f"events/{event.pk}/analytics/").json()["attempts"]

    assert counted() == {"invalid": 1, "sold_out": 1, "success": 1}

    rolling.roll_up(Resolution.DAY)
    insert("booking_attempts", event_id=event.pk, **attempts[0])
    assert counted() == {"invalid": 2, "sold_out": 1, "success": 1}

    run("DELETE FROM booking_attempts WHERE attempted_at < %s", now() - 2 * DAY)
    assert counted() == {"invalid": 2, "sold_out": 1, "success": 1}


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"metrics": "beauty"}, "metrics"),
        ({"resolution": "week"}, "resolution"),
        ({"date_from": "yesterday"}, "date_from"),
        ({"date_from": "2026-05-02", "date_to": "2026-05-01"}, "date_to"),
        ({"resolution": "minute", "date_from": "2026-05-01", "date_to": "2026-05-02"}, "date_from"),
        ({"date_from": "2010-01-01"}, "date_from"),
        ({"date_from": "1990-01-01"}, "date_from"),
        ({"date_to": "0001-01-01"}, "date_to"),
        ({"date_to": "9999-12-31"}, "date_to"),
        ({"to": "2026-05-01"}, "to"),
    ],
)
def test_wrong_question_is_answered_by_field(event, mira, query, field):
    answer = get(mira, f"events/{event.pk}/analytics/", **query)
    assert answer.status_code in (400, 422)
    assert field in str(answer.json())


def test_sums_over_ones_events_are_by_currency(event, mira):
    other = EventFactory(priced=7, currency="USD", created_by=mira)
    BookingFactory(event=other, quantity=2)
    BookingFactory(event=EventFactory(priced=9))
    rolling.write(Resolution.DAY, start=now() - DAY, end=now() + HOUR)
    query = {"metrics": "seats,revenue,waiting", "date_to": f"{now() + DAY:%Y-%m-%d}"}

    answer = get(mira, "analytics/", **query).json()

    totals = {
        (one["currency"], series["metric"]): series["total"]
        for one in answer["currencies"]
        for series in one["series"]
    }
    assert totals == {
        ("EUR", "seats"): 3,
        ("EUR", "revenue"): "60.00",
        ("USD", "seats"): 2,
        ("USD", "revenue"): "14.00",
    }
    superuser = get(UserFactory(is_superuser=True, role="admin"), "analytics/", **query).json()
    (euro,) = (one for one in superuser["currencies"] if one["currency"] == "EUR")
    assert {one["metric"]: one["total"] for one in euro["series"]}["seats"] == 4


def test_lost_demand_is_that_of_ones_own_events(event, mira):
    other = EventFactory(priced=7, currency="USD")
    columns = {"result": "failed", "failure_reason": "event_busy", "attempted_at": now() - DAY}
    insert("booking_attempts", event_id=other.pk, quantity=3, user_id=mira.pk, **columns)
    insert("booking_attempts", event_id=event.pk, quantity=3, user_id=mira.pk, **columns)
    assert get(mira, f"events/{event.pk}/analytics/").json()["lost_demand_until"] is None
    lost_demand_rolling.roll_up()
    lost = {"outcome": "lost", "reason": "event_busy", "people": 1, "seats": 3, "value": "60.00"}

    answer = get(mira, f"events/{event.pk}/analytics/").json()
    assert answer["lost_demand"] == [lost]
    assert answer["lost_demand_until"] == f"{now():%Y-%m-%dT%H:%M:%S.%fZ}"
    date_to = f"{now():%Y-%m-%d}"
    (euros,) = get(mira, "analytics/", date_to=date_to).json()["currencies"]
    assert euros["lost_demand"] == [lost]
    today = get(mira, "analytics/", date_from=date_to, date_to=date_to).json()
    assert [one["lost_demand"] for one in today["currencies"] if one["lost_demand"]] == []


def test_files_have_what_the_series_have(event, mira):
    answer = get(mira, f"events/{event.pk}/analytics.csv")
    lines = list(csv.DictReader(io.StringIO(answer.getvalue().decode("utf-8-sig"))))
    assert {line["name"] for line in lines} == {"'=Evening"}
    revenue = [line["value"] for line in lines if line["metric"] == "revenue"]
    assert sorted(revenue) == ["20.00", "40.00"]

    answer = get(mira, "analytics.parquet", resolution="hour", date_to=f"{now() + DAY:%Y-%m-%d}")
    assert answer["Content-Type"] == "application/vnd.apache.parquet"
    table = pq.read_table(io.BytesIO(answer.getvalue())).to_pylist()
    seats = [row for row in table if row["metric"] == "seats"]
    assert sum(row["value"] for row in seats) == Decimal(3)
    assert all(isinstance(row["at"], datetime) and row["at"].tzinfo for row in table)
    assert {row["name"] for row in table} == {"=Evening"}
    assert get(mira, f"events/{event.pk}/analytics.parquet").status_code == 200


def test_nobody_sees_figures_of_others(event):
    stranger = OrganizerFactory()
    for path in ("analytics/", "analytics.csv", "analytics.parquet"):
        assert get(stranger, f"events/{event.pk}/{path}").status_code == 403
        assert api(UserFactory(), "read").get(f"/api/v1/{path}").status_code == 403
    assert get(stranger, "analytics/").json()["currencies"] == []
    assert get(stranger, "analytics.csv").getvalue().decode().count("\n") == 1
    assert pq.read_table(io.BytesIO(get(stranger, "analytics.parquet").getvalue())).num_rows == 0
