"""Writing to attendees in the API: drafting, sending once, stopping, and who may."""

from datetime import timedelta

import pytest

from bookings.factories import BookingFactory
from evently.accounts.factories import OrganizerFactory, UserFactory
from evently.api.tests.client import api, assert_problem
from evently.database.clock import now
from events.factories import EventFactory
from events.models import EventStaff, StaffRole
from notifications import tasks
from notifications.message_models import OrganizerMessage
from notifications.models import Notification

pytestmark = pytest.mark.django_db

BODY = {"subject": "Doors", "body": "Dear {userName}, at seven.", "audience": "booked"}


@pytest.fixture
def event():
    event = EventFactory(created_by=OrganizerFactory())
    BookingFactory(event=event)
    return event


@pytest.fixture
def client(event):
    return api(event.created_by)


def url_of(event, *parts):
    return "/".join([f"/api/v1/events/{event.pk}/messages", *map(str, parts), ""])


def post(client, url, body=None, key=""):
    headers = {"Idempotency-Key": key} if key else {}
    return client.post(url, body or {}, format="json", headers=headers)


def test_integrator_writes_sends_once_and_stops(client, event):
    created = [post(client, url_of(event), BODY, key="draft") for _ in range(2)]
    assert [answer.status_code for answer in created] == [201, 201]
    assert created[0].json() == created[1].json()
    message = OrganizerMessage.objects.get()
    assert created[0].headers["Location"] == url_of(event, message.pk)
    assert created[0].headers["ETag"] == created[1].headers["ETag"]
    shown = client.get(url_of(event, message.pk)).json()
    assert shown["reach"] == {
        "people": 1,
        "by_email": 1,
        "in_app": 0,
        "turned_off": 0,
        "no_emails": 0,
        "unreachable": 0,
    }
    assert (shown["progress"], shown["state"]) == (None, "draft")

    sent = [post(client, url_of(event, message.pk, "send"), key="send") for _ in range(2)]
    tasks.send_messages()

    assert [answer.json()["state"] for answer in sent] == ["sending", "sending"]
    assert Notification.objects.filter(type="organizer_message").count() == 1
    shown = client.get(url_of(event, message.pk)).json()
    assert (shown["notified"], shown["progress"]["waiting"], shown["reach"]) == (1, 1, None)
    again = post(client, url_of(event, message.pk, "send"))
    assert_problem(again, 409, "message_begun")
    stopped = post(client, url_of(event, message.pk, "stop"))
    assert (stopped.json()["state"], stopped.json()["withdrawn"]) == ("stopped", 1)
    assert_problem(post(client, url_of(event, message.pk, "stop")), 409, "message_not_sending")
    (listed,) = client.get(url_of(event)).json()["results"]
    assert listed["id"] == str(message.pk)


def test_message_is_scheduled_at_a_moment_and_for_some_bookings(client, event):
    reference = event.bookings.get().booking_reference
    body = BODY | {"audience": "bookings", "bookings": [reference.lower()]}
    id_ = post(client, url_of(event), body).json()["id"]
    assert client.get(url_of(event, id_)).json()["bookings"] == [reference]
    at = now().replace(microsecond=0) + timedelta(days=1)

    answer = post(client, url_of(event, id_, "send"), {"send_at": at.isoformat()}).json()

    assert (answer["state"], answer["send_at"][:19]) == ("scheduled", at.isoformat()[:19])
    past = post(client, url_of(event, id_, "send"), {"send_at": "2020-01-01T00:00:00Z"})
    problem = assert_problem(past, 422, "message_invalid")
    assert problem["errors"] == {
        "send_at": ["Enter a time in the future, or send the message now."]
    }


def test_what_is_wrong_is_named_by_its_field(client, event):
    wrong = BODY | {"subject": "Dear {userName}", "audience": "bookings", "bookings": ["EVT0"]}
    problem = assert_problem(post(client, url_of(event), wrong), 422, "message_invalid")
    assert sorted(problem["errors"]) == ["bookings", "subject"]
    late = assert_problem(post(client, url_of(event), BODY | {"send_at": None}), 422, "invalid")
    assert "POST …/send/" in late["errors"]["send_at"][0]
    unused = assert_problem(post(client, url_of(event), BODY | {"bookings": ["x"]}), 422, "invalid")
    assert list(unused["errors"]) == ["bookings"]


def test_only_who_manages_the_event_writes(event):
    door, manager, other = OrganizerFactory(), OrganizerFactory(), OrganizerFactory()
    EventStaff.objects.create(event=event, user=door, role=StaffRole.DOOR)
    EventStaff.objects.create(event=event, user=manager, role=StaffRole.MANAGER)
    for user in (door, other):
        assert_problem(post(api(user), url_of(event), BODY), 403, "not_your_event")
    assert_problem(post(api(UserFactory()), url_of(event), BODY), 403, "scope_missing")
    id_ = post(api(manager), url_of(event), BODY).json()["id"]
    assert_problem(api(other).get(url_of(event, id_)), 403, "not_your_event")
    elsewhere = url_of(EventFactory(created_by=manager), id_)
    assert_problem(api(manager).get(elsewhere), 404, "message_not_found")


def test_draft_is_changed_and_deleted_as_it_was_read(client, event):
    reference = event.bookings.get().booking_reference
    created = post(client, url_of(event), BODY)
    url, etag = created.headers["Location"], {"If-Match": created.headers["ETag"]}

    assert_problem(client.patch(url, {"body": "At eight."}), 428, "if_match_required")
    to_one = {"audience": "bookings", "bookings": [reference]}
    changed = client.patch(url, to_one, headers=etag)
    assert changed.status_code == 200, changed.content
    shown = changed.json()
    assert (shown["subject"], shown["bookings"], shown["version"]) == ("Doors", [reference], 2)
    assert_problem(client.patch(url, to_one, headers=etag), 412, "edited_meanwhile")
    assert_problem(client.delete(url, headers=etag), 412, "edited_meanwhile")
    wrong = {"subject": "{userName}", "bookings": ["EVT0"]}
    problem = assert_problem(
        client.patch(url, wrong, headers={"If-Match": "*"}), 422, "message_invalid"
    )
    assert sorted(problem["errors"]) == ["bookings", "subject"]
    etag = {"If-Match": changed.headers["ETag"]}
    unused = client.patch(url, {"audience": "booked", "bookings": [reference]}, headers=etag)
    assert list(assert_problem(unused, 422, "invalid")["errors"]) == ["bookings"]

    deleted = client.delete(url, headers=etag)
    assert (deleted.status_code, deleted.content) == (204, b"")
    assert_problem(client.get(url), 404, "message_not_found")


def test_scheduled_message_becomes_a_draft_by_a_change_and_on_request(client, event):
    url = post(client, url_of(event), BODY).headers["Location"]
    at = {"send_at": (now() + timedelta(days=1)).isoformat()}
    scheduled = post(client, f"{url}send/", at)
    etag, star = {"If-Match": scheduled.headers["ETag"]}, {"If-Match": "*"}

    same = client.patch(url, {"subject": " Doors "}, headers=star)
    assert same.json()["state"] == "scheduled"
    assert client.patch(url, {"body": "At eight."}, headers=star).json()["state"] == "draft"

    # Sent is what was read.
    stale = client.post(f"{url}send/", at, format="json", headers=etag)
    assert assert_problem(stale, 412, "edited_meanwhile")["version"] == 3
    odd = client.post(f"{url}send/", at, format="json", headers={"If-Match": '"odd"'})
    assert_problem(odd, 412, "edited_meanwhile")
    post(client, f"{url}send/", at)
    stopped = [post(client, f"{url}unschedule/", key="draft").json() for _ in range(2)]
    assert [(one["state"], one["send_at"]) for one in stopped] == [("draft", None)] * 2
    listed = client.get(url_of(event), {"state": "scheduled"}).json()["results"]
    assert listed == []

    # Once it is being sent, it stays; the answer to the same key, too.
    etag = {"If-Match": client.get(url).headers["ETag"], "Idempotency-Key": "send"}
    sent = [client.post(f"{url}send/", {}, format="json", headers=etag) for _ in range(2)]
    assert [answer.json()["state"] for answer in sent] == ["sending"] * 2
    refused = [client.patch(url, {"body": "At nine."}, headers=star)]
    refused += [client.delete(url, headers=star), post(client, f"{url}unschedule/")]
    refused += [post(client, f"{url}test/")]
    for answer in refused:
        assert_problem(answer, 409, "message_begun")


def test_message_is_previewed_and_tried_on_its_author(client, event, mailoutbox):
    url = post(client, url_of(event), BODY).headers["Location"]
    author = event.created_by

    shown = client.get(f"{url}preview/").json()

    assert (shown["subject"], shown["reach"]["people"]) == ("Doors", 1)
    assert f"Dear {author.display_name}, at seven." in shown["text"]
    assert shown["html"].startswith("<!doctype html>")

    tests = [post(client, f"{url}test/", key="test") for _ in range(12)]
    assert {test.status_code for test in tests} == {202}
    assert tests[0].json() == tests[1].json() == {"recipient": author.email}
    assert Notification.objects.get(user_id=author.pk).data["test"] is True
    others = [post(client, f"{url}test/") for _ in range(10)]
    assert_problem(others[-1], 429, "too_many_attempts")


def test_recipient_reads_the_message(client, event):
    url = post(client, url_of(event), BODY).headers["Location"]
    post(client, f"{url}send/")
    tasks.send_messages()
    notification = Notification.objects.get(type="organizer_message")
    path, recipient = f"/api/v1/notifications/{notification.pk}/message/", notification.user

    read = api(recipient).get(path).json()

    assert (read["subject"], read["text"]) == ("Doors", f"Dear {recipient.name}, at seven.")
    assert (read["event"], read["html"]) == (str(event.pk), read["text"])
    assert_problem(api(UserFactory()).get(path), 404, "not_found")
    other = Notification.objects.create(user=recipient, type="event_changed", message="Later")
    other_path = f"/api/v1/notifications/{other.pk}/message/"
    assert_problem(api(recipient).get(other_path), 404, "not_found")
