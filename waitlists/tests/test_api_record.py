"""The public record of a waitlist over HTTP."""

import json
import subprocess
import sys
from datetime import timedelta

import pytest
from django.conf import settings

from bookings.factories import BookingFactory
from evently.accounts.factories import UserFactory
from evently.api.tests.client import api
from events.factories import EventFactory
from waitlists import operations
from waitlists.models import Line, LineEvent, RecordKind
from waitlists.record.document import RECORDS_PER_CHUNK
from waitlists.record.heads import head_of
from waitlists.tests.recording import change, check_hashes, close, every_kind, kinds_of
from waitlists.tests.waiting import cancel, full_event, join

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("told")]


def url_of(event):
    return f"/api/v1/events/{event.pk}/line/record/"


def checked(path, *arguments):
    """Return what `script/check_line` says of a record in a file, and its exit code."""
    script = settings.BASE_DIR / "script" / "check_line"
    command = [sys.executable, script, path, *arguments]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    return run.stdout + run.stderr, run.returncode


def read(response):
    """Return the JSON of a response that is streamed."""
    assert response.status_code == 200
    assert response.headers["Content-Type"] == "application/json"
    return b"".join(response.streaming_content)


def test_record_of_every_kind_verifies_once_the_waitlist_has_closed(clock, tmp_path):
    event, _ = every_kind(clock)
    close(event)
    assert set(kinds_of(event)) == set(RecordKind.values)
    change(event, sales_end_at="2026-01-01T00:00Z")

    response = api().get(url_of(event))

    body = read(response)
    document = json.loads(body)
    assert (document["format"], document["event"]) == ("evently-line-record-1", str(event.pk))
    check_hashes(event.pk, document["records"])
    assert document["records"][-1]["hash"] == Line.objects.get(event_id=event.pk).head
    assert None not in [value for record in document["records"] for value in record.values()]
    assert response.headers["ETag"] == f'"{document["records"][-1]["hash"]}"'

    (tmp_path / "record.json").write_bytes(body)
    head = head_of(event.pk)
    said, code = checked(tmp_path / "record.json", "--head", f"{head.seq} {head.short_hash}")
    assert code == 0, said
    (tmp_path / "record.json").write_bytes(body.replace(b'"seats":2', b'"seats":3', 1))
    assert checked(tmp_path / "record.json")[1] == 1


def test_record_is_not_sent_again_while_its_head_is_the_same(clock):
    event, _ = full_event()
    entry = join(event)
    change(event, sales_end_at="2026-01-01T00:00Z")
    etag = api().get(url_of(event)).headers["ETag"]

    same = api().get(url_of(event), headers={"If-None-Match": etag})
    weak = api().get(url_of(event), headers={"If-None-Match": f"W/{etag}"})
    operations.leave_waitlist(event_id=event.pk, entry_id=entry.pk)
    changed = api().get(url_of(event), headers={"If-None-Match": etag})

    assert (same.status_code, weak.status_code, changed.status_code) == (304, 304, 200)
    assert same.headers["ETag"] == etag
    assert api().head(url_of(event)).headers["ETag"] == changed.headers["ETag"]


def test_record_is_read_in_parts_that_fit_together(django_assert_num_queries):
    event, _ = full_event()
    entry = join(event)
    for number in range(RECORDS_PER_CHUNK // 2 + 100):
        change(event, max_passes=3 * (number % 2))
    operations.leave_waitlist(event_id=event.pk, entry_id=entry.pk)
    change(event, sales_end_at="2026-01-01T00:00Z")

    with django_assert_num_queries(5):  # event, clock, head, and two parts
        body = read(api().get(url_of(event)))

    records = json.loads(body)["records"]
    assert len(records) > RECORDS_PER_CHUNK
    check_hashes(event.pk, records)
    assert len(body.decode().splitlines()) == len(records) + 2


def test_open_waitlist_shows_head_counts_and_rules_to_everyone(clock):
    event, _ = every_kind(clock)
    offered = LineEvent.objects.filter(event_id=event.pk, kind="offered").count()

    body = api().get(url_of(event)).json()

    head = head_of(event.pk)
    assert body["head"] == {"seq": head.seq, "hash": head.hash}
    assert body["counts"] == {
        "waiting": 1,
        "confirmed": 1,
        "offers_open": 0,
        "joined": 5,
        "offered": offered,
        "used": 2,
        "declined": 1,
        "lapsed": 1,
        "left": 1,
        "overrides": 2,
    }
    assert body["rules"]["max_passes"] is None
    assert body["own"] == []
    assert "records" not in body


def test_users_see_their_own_records_with_a_token_that_reads(clock):
    event, entry = every_kind(clock)
    own = api(entry.user).get(url_of(event)).json()["own"]

    assert [record["kind"] for record in own] == ["joined", "reserved"]
    assert {record["ref"] for record in own} == {entry.ref}
    stored = LineEvent.objects.get(event_id=event.pk, seq=own[0]["seq"])
    assert own[0]["hash"] == stored.hash
    assert own[0]["at"] == stored.at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    assert api(entry.user, "book").get(url_of(event)).json()["own"] == []
    assert api(UserFactory()).get(url_of(event)).json()["own"] == []


def test_own_records_include_earlier_joinings_that_were_offered_seats(clock):
    event, bookings = full_event(2)
    entry = join(event)
    cancel(bookings[0])
    clock.move(timedelta(days=3))
    operations.expire_promotions(event_id=event.pk)
    BookingFactory(event=event)
    join(event, user=entry.user)

    own = api(entry.user).get(url_of(event)).json()["own"]

    assert [record["kind"] for record in own] == ["joined", "offered", "lapsed", "joined"]
    assert own[-1]["reason"] == "1 earlier offer ran out."


def test_record_that_has_not_begun_has_the_head_of_the_event(clock):
    event = EventFactory()
    summary = api().get(url_of(event)).json()
    change(event, status="cancelled")
    document = json.loads(read(api().get(url_of(event))))

    assert summary["head"]["seq"] == 0
    assert summary["counts"]["joined"] == 0
    assert document["records"] == []


@pytest.mark.parametrize(
    "columns",
    [
        {"status": "cancelled"},
        {"status": "completed"},
        {"sales_end_at": "2026-01-01T00:00Z"},
    ],
)
def test_record_is_public_when_the_waitlist_has_closed_for_good(columns):
    event, _ = full_event()
    join(event)
    assert "records" not in api().get(url_of(event)).json()
    change(event, **columns)
    assert len(json.loads(read(api().get(url_of(event))))["records"]) >= 2


def test_record_is_public_when_the_event_has_started(clock):
    event, _ = full_event(waitlist_until_start=True)
    join(event)
    clock.move(timedelta(days=31))
    assert len(json.loads(read(api().get(url_of(event))))["records"]) >= 2


def test_record_stays_closed_while_the_waitlist_outlives_sales():
    event, _ = full_event(waitlist_until_start=True)
    join(event)
    change(event, sales_end_at="2026-01-01T00:00Z")
    assert "records" not in api().get(url_of(event)).json()


def test_record_of_a_draft_is_not_found():
    event = EventFactory(published_at=None)
    assert api().get(url_of(event)).status_code == 404
