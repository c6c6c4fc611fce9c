"""The emails about an event in the API: filters, details, and who sees them."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from bookings.factories import BookingFactory
from evently.accounts.factories import OrganizerFactory, SuperuserFactory
from evently.api.tests.client import api, assert_problem
from events.factories import EventFactory
from notifications import tasks
from notifications.kinds import accounts
from notifications.kinds.bookings import booking_confirmed
from notifications.models import EmailDelivery, Notification
from notifications.operations import resend_runs
from notifications.operations.creating import notify
from notifications.sent_models import SentEmail
from notifications.tests.delivering import deliver, delivery_of
from notifications.tests.returning import HARD, returns

pytestmark = pytest.mark.django_db


@pytest.fixture
def event():
    return EventFactory(created_by=OrganizerFactory())


@pytest.fixture
def client(event):
    return api(event.created_by)


def booked(event):
    booking = BookingFactory(event=event)
    (id_,) = notify(messages=[booking_confirmed(booking)])
    notification = Notification.objects.get(pk=id_)
    deliver(notification)
    return booking, notification


def listed(client, event, **query):
    answer = client.get(f"/api/v1/events/{event.pk}/emails/", query)
    assert answer.status_code == 200, answer.content
    return [row["id"] for row in answer.json()["results"]]


def test_emails_of_an_event_are_listed_and_filtered(client, event):
    booking, first = booked(event)
    _, second = booked(event)
    deliver(*Notification.objects.filter(pk__in=notify(messages=[accounts.welcome(booking.user)])))
    booked(EventFactory())
    old, new = str(delivery_of(first).pk), str(delivery_of(second).pk)
    EmailDelivery.objects.filter(pk=new).update(status="failed", error_message="TimeoutError")

    assert listed(client, event) == [new, old]
    assert listed(client, event, status="failed") == [new]
    assert listed(client, event, kind="booking_confirm", provider="smtp") == [new, old]
    assert listed(client, event, kind="welcome") == []
    assert listed(client, event, booking=booking.booking_reference.lower()) == [old]
    assert listed(client, event, created_since="2040-01-01T00:00:00Z") == []
    wrong = client.get(f"/api/v1/events/{event.pk}/emails/", {"status": "lost"})
    assert_problem(wrong, 422, "invalid")


def test_one_email_has_its_attempts_and_what_came_back(client, event):
    booking, notification = booked(event)
    returns(notification, HARD)
    url = f"/api/v1/events/{event.pk}/emails/{delivery_of(notification).pk}/"

    shown = client.get(url).json()

    assert shown["recipient"] == {"name": booking.user.display_name, "email": booking.user.email}
    assert shown["booking"] == booking.booking_reference
    assert (shown["status"], shown["next_attempt_at"]) == ("bounced", None)
    assert "there is no such mailbox" in shown["problem"]
    assert [(each["number"], each["outcome"]) for each in shown["tries"]] == [(1, "accepted")]
    (report,) = shown["returns"]
    assert (report["outcome"], report["code"], report["is_permanent"]) == ("bounced", "5.1.1", True)


def test_only_those_who_manage_the_event_see_its_emails(client, event):
    _, notification = booked(event)
    other = EventFactory(created_by=event.created_by)
    url = f"/api/v1/events/{event.pk}/emails/"

    assert_problem(api(OrganizerFactory()).get(url), 403, "not_your_event")
    one = delivery_of(notification).pk
    assert_problem(client.get(f"/api/v1/events/{other.pk}/emails/{one}/"), 404, "email_not_found")


def test_list_needs_the_same_queries_for_one_and_for_many(client, event):
    def queries():
        with CaptureQueriesContext(connection) as captured:
            listed(client, event)
        return len(captured)

    booked(event)
    one = queries()
    booked(event), booked(event)

    assert queries() == one


def test_emails_are_found_by_person_and_by_what_came_back(client, event):
    booking, first = booked(event)
    _, second = booked(event)
    returns(first, HARD)
    old, new = str(delivery_of(first).pk), str(delivery_of(second).pk)

    assert listed(client, event, search=booking.user.email.upper()) == [old]
    assert listed(client, event, search=booking.user.name) == [old]
    assert listed(client, event, search=f" {booking.booking_reference[:-1].lower()}") == [old]
    assert listed(client, event, search="nobody@example.org") == []
    assert listed(client, event, returned="bounced") == [old]
    assert listed(client, event, returned="complained") == []
    assert new in listed(client, event)


def test_what_an_email_said_is_read_until_it_is_removed(client, event):
    booking, notification = booked(event)
    email = delivery_of(notification)
    url = f"/api/v1/events/{event.pk}/emails/{email.pk}/"
    (copy,) = client.get(url).json()["copies"]

    said = client.get(f"{url}content/", {"copy": copy["id"]}).json()

    assert said == client.get(f"{url}content/").json()
    assert (said["copy"], said["recipient"]) == (copy["id"], booking.user.email)
    assert event.name in said["subject"]
    assert booking.booking_reference in said["text"]
    assert said["html"].startswith("<!doctype html>")
    assert "event.ics" in {file["name"] for file in said["files"]}
    other = "0199c3ad-5a10-7c02-9b41-1d5e2f3a4b0a"
    assert_problem(client.get(f"{url}content/", {"copy": other}), 404, "copy_not_found")

    SentEmail.objects.filter(delivery_id=email.pk)._raw_delete("default")
    gone = assert_problem(client.get(f"{url}content/"), 410, "email_not_kept")
    assert gone["detail"] == "What this email said was not kept."
    EmailDelivery.objects.filter(pk=email.pk).update(status="pending")
    assert_problem(client.get(f"{url}content/"), 409, "email_not_sent")


def test_one_email_is_sent_again_once_for_each_key(client, event):
    _, notification = booked(event)
    email = delivery_of(notification)
    url = f"/api/v1/events/{event.pk}/emails/{email.pk}/"
    lost = {"status": "failed", "error_message": "TimeoutError"}
    EmailDelivery.objects.filter(pk=email.pk).update(**lost)

    answers = [client.post(f"{url}resend/", headers={"Idempotency-Key": "again"}) for _ in "12"]

    assert [answer.status_code for answer in answers] == [202, 202]
    assert answers[1].headers["Idempotent-Replayed"] == "true"
    assert answers[0].json()["status"] == "pending"
    assert [row["is_new_email"] for row in client.get(url).json()["resends"]] == [False]
    assert_problem(client.post(f"{url}resend/"), 409, "nothing_to_send")
    EmailDelivery.objects.filter(pk=email.pk).update(status="sent")
    for _ in range(2):
        assert client.post(f"{url}resend/").status_code == 202
    assert_problem(client.post(f"{url}resend/"), 429, "resent_too_often")


@pytest.mark.django_db(transaction=True)
def test_some_or_all_failed_emails_are_sent_again_with_their_progress(client, event, monkeypatch):
    monkeypatch.setattr(resend_runs, "EMAILS_PER_TRANSACTION", 1)
    emails = [delivery_of(booked(event)[1]) for _ in range(3)]
    ids = [str(email.pk) for email in emails]
    foreign = str(delivery_of(booked(EventFactory())[1]).pk)
    EmailDelivery.objects.filter(pk__in=ids[:2]).update(status="failed")
    url = f"/api/v1/events/{event.pk}/emails/resends/"

    def ask(key="", **body):
        headers = {"Idempotency-Key": key} if key else {}
        return client.post(url, body, format="json", headers=headers)

    for body in ({}, {"failed": True, "emails": ids}, {"emails": [*ids, foreign]}):
        assert "emails" in assert_problem(ask(**body), 422, "invalid")["errors"]
    assert "kind" in assert_problem(ask(emails=ids, kind="reminder"), 422, "invalid")["errors"]
    assert_problem(ask(failed=True, kind="reminder"), 409, "nothing_to_send")

    begun = [ask("all", failed=True, kind="booking_confirm") for _ in "12"]
    assert [answer.status_code for answer in begun] == [202, 202]
    assert begun[0].json() == begun[1].json()
    assert begun[1].headers["Location"] == begun[0].headers["Location"]
    run = begun[0].json()
    assert (run["total"], run["done"], run["sent"], run["finished_at"]) == (2, 1, 1, None)
    assert_problem(ask(emails=ids), 409, "run_under_way")
    tasks.continue_resend_runs()
    run = client.get(begun[0].headers["Location"]).json()
    assert (run["total"], run["done"], run["sent"], run["suppressed"]) == (2, 2, 2, {})
    assert run["finished_at"]
    assert ask(emails=[ids[2]]).json()["total"] == 1
    assert [row["total"] for row in client.get(url).json()["results"]] == [1, 2]

    other = EventFactory(created_by=event.created_by)
    elsewhere = f"/api/v1/events/{other.pk}/emails/resends/{run['id']}/"
    assert_problem(client.get(elsewhere), 404, "run_not_found")
    assert_problem(api(OrganizerFactory()).get(url), 403, "not_your_event")


def test_superusers_see_providers_and_release_addresses(client, event):
    booking, notification = booked(event)
    returns(notification, HARD)
    admin = api(SuperuserFactory())

    (provider,) = admin.get("/api/v1/email/providers/").json()["providers"]
    assert (provider["name"], provider["state"]) == ("smtp", "in_use")
    url = "/api/v1/email/suppressions/"
    (row,) = admin.get(url, {"state": "suppressed", "address": booking.user.email}).json()[
        "results"
    ]
    assert (row["address"], row["reason"]) == (booking.user.email, "hard_bounce")
    assert admin.get(url, {"address": "other@example.org"}).json()["results"] == []
    release = f"{url}{row['id']}/release/"
    released = [admin.post(release, headers={"Idempotency-Key": "one"}) for _ in "12"]
    assert [answer.json()["released_by"] for answer in released] == ["admin", "admin"]
    assert_problem(admin.post(release), 404, "not_suppressed")
    assert admin.get(url, {"state": "suppressed"}).json()["results"] == []

    for path in ("email/providers/", "email/suppressions/"):
        assert_problem(client.get(f"/api/v1/{path}"), 403, "superusers_only")
    assert_problem(client.post(release), 404, "not_found")
