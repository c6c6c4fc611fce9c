"""Receipts of erasures: what they say, who gets them, and that they say the truth."""

import json
import re
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core import mail
from django.db import connections
from django.urls import reverse

from bookings import operations as bookings
from bookings.factories import BookingFactory
from bookings.models import ArchivedBooking, Booking
from boxoffice.lifecycle import operations, tasks
from boxoffice.lifecycle.free_text import FREE_TEXTS, texts_about
from evently.accounts.export import export_of
from evently.accounts.factories import UserFactory, issued_token
from evently.accounts.models import User
from evently.audit.models import AuditLog
from evently.database.clock import now
from evently.erasure.models import Erasure
from evently.erasure.receipts import receipt_link
from evently.erasure.register import digest
from evently.erasure.signing import read_document
from evently.origin import Origin
from evently.privacy.keys import KeyNotDestroyed
from evently.tests.database import as_owner_at_once
from evently.tests.rows import end_offer
from evently.tests.sql import as_at_commit, run
from events.factories import EventFactory
from notifications.models import Notification
from notifications.operations.delivering import deliver_all
from notifications.queries import unsent_emails_of
from waitlists import operations as waitlists
from waitlists.archive_models import ArchivedEntry
from waitlists.models import WaitlistEntry

pytestmark = pytest.mark.django_db

ORIGIN = Origin(ip_address="192.0.2.9", user_agent="Sextant")
SECRET = "seen drunk at the Zanzibar"


@pytest.fixture
def ana():
    return UserFactory(name="Wilhelmina Oss", email="wilhelmina@example.org")


def the_receipt():
    erasure = Erasure.objects.get()
    return erasure, read_document(erasure.document)


def done(says):
    return {one["what"]: one["count"] for one in says["done"]}


def with_texts_about(ana):
    """Let organizers write about a person wherever they can."""
    full, open_event = EventFactory(total_capacity=1), EventFactory(total_capacity=9)
    BookingFactory(event=full)
    booked = bookings.book_seats(event_id=open_event.pk, user_id=ana.pk, quantity=2, origin=ORIGIN)
    bookings.cancel_booking(
        event_id=open_event.pk,
        booking_id=booked.pk,
        by=bookings.Canceller.ORGANIZER,
        reason=SECRET,
    )
    entry = waitlists.join_waitlist(event_id=full.pk, user_id=ana.pk, quantity=1)
    WaitlistEntry.objects.filter(pk=entry.pk).update(priority_score=5, priority_reason=SECRET)
    offer = waitlists.offer_by_hand(
        event_id=full.pk, entry_id=entry.pk, quantity=1, reason=SECRET, add_seats=True
    )
    end_offer(offer.pk, "declined")
    as_at_commit()
    return booked


def test_email_has_the_receipt_and_a_link_and_the_page_is_completed(ana, client):
    event = EventFactory()
    bookings.book_seats(event_id=event.pk, user_id=ana.pk, quantity=2, origin=ORIGIN)
    issued_token(ana)
    as_at_commit()
    deliver_all(unsent_emails_of(ana.pk))
    mail.outbox.clear()

    operations.begin_erasure(user_id=ana.pk)

    erasure, says = the_receipt()
    assert (says["completed_at"], says["account"]) == (None, str(ana.pk))
    assert done(says) == {"bookings_cancelled": 1, "logins_ended": 1, "origins_removed": 1}
    url = reverse("receipt", args=[receipt_link(erasure.pk).split("/")[-2]])
    assert "One step is left" in client.get(url).content.decode()

    deliver_all(unsent_emails_of(ana.pk))
    last = mail.outbox[-1]
    assert last.to == ["wilhelmina@example.org"]
    assert receipt_link(erasure.pk) in last.body
    ((page, _),) = last.alternatives
    assert "because of your account or a booking." in page
    assert "Manage your email notifications" not in page
    (attached,) = last.attachments
    assert attached.get_filename() == "receipt.json"
    assert read_document(attached.get_payload(decode=True).decode()) == says
    assert operations.finish_erasure(user_id=ana.pk)

    erasure, says = the_receipt()
    assert done(says)["keys_destroyed"] == 1
    assert done(says)["digests_cleared"] == 1
    assert done(says)["bookings_cancelled"] == 1
    assert (erasure.completed_at is not None, says["key_destroyed_by"]) == (True, None)
    assert {one["what"]: one["count"] for one in says["beyond_reach"]}["emails_sent"] == 3
    page = client.get(url).content.decode()
    assert "One step is left" not in page
    assert "Keys destroyed" in page
    file = client.get(f"{url}receipt.json")
    assert file["Content-Disposition"].startswith("attachment")
    assert read_document(file.content.decode()) == says
    assert "wilhelmina" not in json.dumps(says).lower()


def test_receipt_says_when_the_person_requested_it(ana):
    operations.request_deletion(user_id=ana.pk, origin=ORIGIN)
    requested = User.objects.get(pk=ana.pk).deletion_requested_at

    assert operations.erase_person(user_id=ana.pk, at_once=True)

    _, says = the_receipt()
    assert says["requested_at"] == requested.isoformat(timespec="seconds")
    assert says["completed_at"]


def test_receipt_says_that_emails_were_given_up(ana, settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1

    assert operations.erase_person(user_id=ana.pk, at_once=True)

    erasure, says = the_receipt()
    assert (erasure.cause, says["requested_at"]) == ("operator", None)
    assert "emails_given_up" in [one["what"] for one in says["beyond_reach"]]


def test_receipt_of_an_erasure_that_an_earlier_release_finished_is_completed(ana):
    operations.begin_erasure(user_id=ana.pk)
    run("DELETE FROM keys.person_keys WHERE user_id = %s", ana.pk)
    run(
        "UPDATE users SET deleted_at = now(), deletion_requested_at = NULL, deletion_due_at = NULL,"
        " deletion_started_at = NULL WHERE id = %s",
        ana.pk,
    )

    tasks.erase_due_accounts()

    erasure, says = the_receipt()
    assert (erasure.completed_at is not None, done(says)["keys_destroyed"]) == (True, 1)


@pytest.mark.django_db(transaction=True)
def test_people_erased_at_once_get_gapless_numbers_in_one_chain():
    people = [UserFactory() for _ in range(6)]

    def erase(user):
        try:
            operations.erase_person(user_id=user.pk, at_once=True)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(erase, people))

    rows = list(Erasure.objects.order_by("number").values_list("number", "line"))
    assert [number for number, _ in rows] == [1, 2, 3, 4, 5, 6]
    before = ["", *(digest(line) for _, line in rows)]
    assert [json.loads(line)["previous"] for _, line in rows] == before[:-1]


def test_link_that_was_cut_short_or_is_of_no_erasure_shows_a_page(client):
    for token in ("x", "AAAA"):
        assert client.get(reverse("receipt", args=[token])).status_code == 404
    keys = client.get(reverse("receipt_keys"))
    assert keys["Content-Type"] == "application/jwk-set+json"
    assert keys.json()["keys"][0]["kty"] == "OKP"


def test_duplicate_of_an_account_gets_neither_receipt_nor_email(ana):
    duplicate = User.objects.create_user(
        email="wilhelmina@example.org", name="Someone", is_duplicate=True
    )

    assert operations.erase_person(user_id=duplicate.pk)

    assert not Erasure.objects.exists()
    assert mail.outbox == []


def test_deleted_rows_are_recorded_and_leave_no_text_in_the_trail(ana):
    with_texts_about(ana)

    operations.delete_person(user_id=ana.pk)

    erasure, says = the_receipt()
    assert (erasure.kind, done(says)) == ("deleted", {"rows_deleted": 1})
    assert SECRET not in str(list(AuditLog.objects.values_list("before", "after")))


def test_texts_of_organizers_are_shown_and_erased_with_their_copies(ana):
    booked = with_texts_about(ana)
    about = list(texts_about(ana.pk))
    assert [one.text for one in about] == [SECRET] * 3
    assert all(one.url.startswith("/admin/") for one in about)
    assert SECRET in str(list(AuditLog.objects.values_list("before", "after")))
    export = export_of(User.objects.with_keys().get(pk=ana.pk))
    assert export["bookings"][0]["cancel_reason"] == SECRET
    assert export["waitlist_entries"][0]["priority_reason"] == SECRET
    assert export["promotions"][0]["organizer_reason"] == SECRET

    assert operations.erase_person(user_id=ana.pk, at_once=True)

    assert list(texts_about(ana.pk)) == []
    assert Booking.objects.get(pk=booked.pk).cancel_reason == "(erased)"
    assert SECRET not in str(list(AuditLog.objects.values_list("before", "after")))
    told = set(Notification.objects.filter(user=ana).values_list("message", flat=True))
    assert told == {"(erased)"}
    _, says = the_receipt()
    assert done(says)["texts_erased"] >= 3
    # Reasons are public in the waitlist's record from the start, as its form says.
    beyond = {one["what"]: one["count"] for one in says["beyond_reach"]}
    assert beyond["public_records"] == 2
    assert beyond["attendee_lists"] == 1


def test_inventory_names_columns_that_exist():
    columns = set(run("SELECT table_name, column_name FROM information_schema.columns"))
    assert {(one.table, one.column) for one in FREE_TEXTS} <= columns


@pytest.mark.django_db(transaction=True)
def test_key_that_is_not_destroyed_is_an_error_and_nothing_is_reported(ana):
    as_owner_at_once(
        "CREATE FUNCTION keep_it() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'"
    )
    as_owner_at_once(
        "CREATE TRIGGER keep_it BEFORE DELETE ON keys.person_keys"
        " FOR EACH ROW EXECUTE FUNCTION keep_it()"
    )
    try:
        with pytest.raises(KeyNotDestroyed):
            operations.erase_person(user_id=ana.pk, at_once=True)
        user = User.objects.with_keys().get(pk=ana.pk)
        assert (user.deleted_at, Erasure.objects.get().completed_at) == (None, None)
    finally:
        as_owner_at_once("DROP TRIGGER keep_it ON keys.person_keys")
        as_owner_at_once("DROP FUNCTION keep_it()")
    assert operations.finish_erasure(user_id=ana.pk, at_once=True)
    assert Erasure.objects.get().completed_at


def test_address_is_free_again_after_the_erasure(ana):
    operations.erase_person(user_id=ana.pk, at_once=True)
    assert not User.objects.with_address("wilhelmina@example.org").exists()
    assert re.fullmatch(r"[\w-]{43}", receipt_link(Erasure.objects.get().pk).split("/")[-2])


def test_trail_of_archived_rows_is_redacted_too(ana):
    booked = with_texts_about(ana)
    entry = WaitlistEntry.objects.get(user=ana)
    # As the archive has them: under the same ids, while the rows themselves are gone.
    ArchivedBooking.objects.create(
        id=booked.pk,
        event_id=booked.event_id,
        user=ana,
        quantity=2,
        total_amount=0,
        status="cancelled",
        cancelled_at=now(),
        cancel_reason=SECRET,
    )
    Booking.objects.filter(event_id=booked.event_id, pk=booked.pk).delete()
    ArchivedEntry.objects.create(
        id=entry.pk,
        event_id=entry.event_id,
        user=ana,
        status="left",
        quantity=1,
        joined_at=now(),
        ended_at=now(),
        offers=[{"id": str(offer.pk)} for offer in entry.promotions.all()],
    )
    WaitlistEntry.objects.filter(event_id=entry.event_id, pk=entry.pk).delete()
    assert SECRET in str(list(AuditLog.objects.values_list("before", "after")))

    assert operations.erase_person(user_id=ana.pk, at_once=True)

    assert SECRET not in str(list(AuditLog.objects.values_list("before", "after")))
    assert ArchivedBooking.objects.get(pk=booked.pk).cancel_reason == "(erased)"
