"""The attendees of an event in the admin: list, door list, files, and bookings by hand."""

import csv
import io
from datetime import datetime
from decimal import Decimal

import openpyxl
import pytest

from bookings.attendee_files import neutral
from bookings.factories import BookingFactory
from bookings.models import Booking
from bookings.operations import Canceller, cancel_booking
from boxoffice.tests.organizing import tab
from evently.accounts.factories import UserFactory
from evently.database.clock import now
from events.factories import EventFactory
from notifications.models import Notification
from waitlists.factories import WaitlistEntryFactory
from waitlists.models import Promotion, WaitlistEntry
from waitlists.receipt import receipt_of

pytestmark = pytest.mark.django_db

NAMES = ("Zoë", "adam", "Øyvind", "Émile", "Ben")
SORTED = ["adam", "Ben", "Émile", "Øyvind", "Zoë"]


@pytest.fixture
def event(organizer):
    return EventFactory(
        created_by=organizer, name="Kite Fair", timezone="Asia/Tokyo", total_capacity=50, priced=10
    )


def attending(event, name, **columns):
    booking = BookingFactory(event=event, user=UserFactory(name=name), **columns)
    booking.refresh_from_db()
    return booking


def cancelled(event, name):
    booking = attending(event, name)
    cancel_booking(
        event_id=event.pk, booking_id=booking.pk, by=Canceller.ORGANIZER, reason="=No chairs"
    )
    return booking


def csv_of(admin, event):
    response = admin.get(tab(event, "attendees_csv"))
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    text = b"".join(response.streaming_content).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline="")))


def sheet_of(admin, event):
    response = admin.get(tab(event, "attendees_xlsx"))
    book = openpyxl.load_workbook(io.BytesIO(b"".join(response.streaming_content)))
    return list(book.active.iter_rows())


# ── The list ────────────────────────────────────────────────────────────────
def test_attendees_are_listed_by_name_without_cancelled_bookings(admin, event):
    for name in NAMES:
        attending(event, name)
    cancelled(event, "Gone")

    def names(**query):
        rows = admin.get(tab(event, "attendees"), query).context["cl"].result_list
        return [booking.user.name for booking in rows]

    assert names() == SORTED
    assert names(show="cancelled") == ["Gone"]
    assert names(show="all") == ["adam", "Ben", "Émile", "Gone", "Øyvind", "Zoë"]
    assert names(q="gone") == ["Gone"]
    page = admin.get(tab(event, "attendees")).content.decode()
    assert "5 bookings, 5 seats" in page


@pytest.mark.parametrize("count", [1, 5])
def test_the_list_costs_the_same_for_one_attendee_and_many(
    admin, event, django_assert_max_num_queries, count
):
    for name in NAMES[:count]:
        attending(event, name)
    with django_assert_max_num_queries(9):
        admin.get(tab(event, "attendees"))


# ── Files ───────────────────────────────────────────────────────────────────
def test_csv_has_all_bookings_by_name_with_times_of_the_event(admin, event):
    for name in NAMES:
        attending(event, name)
    gone = cancelled(event, "Gone")

    rows = csv_of(admin, event)

    assert [row["Name"] for row in rows] == ["adam", "Ben", "Émile", "Gone", "Øyvind", "Zoë"]
    row = next(row for row in rows if row["Name"] == "Gone")
    gone.refresh_from_db()
    booked = gone.created_at.astimezone(event.zone)
    assert row["Reference"] == gone.booking_reference
    assert (row["Status"], row["Amount"], row["Currency"]) == ("Cancelled", "10.00", "EUR")
    assert row["Booked (Asia/Tokyo)"] == f"{booked:%Y-%m-%d %H:%M}"
    assert row["Reason"] == "'=No chairs"


@pytest.mark.parametrize(
    "name",
    ["=1+1", "+1", "-1+1", "@SUM(A1)", "＝1+1"],
)
def test_names_are_no_formulas_in_a_spreadsheet(admin, event, name):
    attending(event, name)

    assert [row["Name"] for row in csv_of(admin, event)] == [f"'{name}"]
    _, row = sheet_of(admin, event)
    assert (row[0].value, row[0].data_type) == (f"'{name}", "s")


@pytest.mark.parametrize("text", ["Ann", "O'Neill", "Jean-Luc", "a=b", "", "名前", "Zoë"])
def test_harmless_texts_stay_as_they_are(text):
    assert neutral(text) == text


def test_excel_has_numbers_and_times_as_such(admin, event):
    booking = attending(event, "Ada", quantity=2)

    heading, row = sheet_of(admin, event)

    assert heading[0].value == "Name"
    assert [cell.value for cell in row[:8]] == [
        "Ada",
        booking.user.email,
        booking.booking_reference,
        2,
        "Confirmed",
        10,
        20,
        "EUR",
    ]
    booked = booking.created_at.astimezone(event.zone).replace(tzinfo=None, microsecond=0)
    assert isinstance(row[8].value, datetime)
    assert abs((row[8].value - booked).total_seconds()) < 1


@pytest.mark.parametrize("key", ["attendees_csv", "attendees_xlsx"])
def test_files_cost_the_same_for_one_attendee_and_many(
    admin, event, django_assert_max_num_queries, key
):
    for name in NAMES:
        attending(event, name)
    with django_assert_max_num_queries(7):
        b"".join(admin.get(tab(event, key)).streaming_content)


# ── The door ────────────────────────────────────────────────────────────────
def test_door_list_adds_up_a_persons_bookings_and_what_is_due(admin, event):
    for name in NAMES:
        attending(event, name)
    ada = attending(event, "Ada", quantity=2)
    BookingFactory(event=event, user=ada.user)
    attending(event, "Ada")
    cancelled(event, "Gone")

    page = admin.get(tab(event, "door_list"))

    lines = page.context["lines"]
    assert sorted((line.name, line.seats) for line in lines[:2]) == [("Ada", 1), ("Ada", 3)]
    assert [line.name for line in lines[2:]] == SORTED
    assert [line.letter for line in lines] == ["A", "", "", "B", "É", "Ø", "Z"]
    assert {line.due for line in lines if line.seats == 3} == {"€30.00"}
    assert page.context["seats"] == 9
    assert "Gone" not in page.content.decode()


# ── By hand ─────────────────────────────────────────────────────────────────
def form(**entered):
    return {
        "confirmed": "yes",
        "idempotency_key": "k1",
        "name": "Phil Phone",
        "email": "phil@example.org",
        "quantity": "2",
        **entered,
    }


def test_an_organizer_books_for_a_person(admin, event):
    url = tab(event, "add_booking")
    assert "Free seats" in admin.get(url).content.decode()

    page = admin.post(url, form(), follow=True)

    booking = Booking.objects.get()
    assert (booking.user.name, booking.quantity, booking.total_amount) == (
        "Phil Phone",
        2,
        Decimal("20.00"),
    )
    assert f"2 seats booked for Phil Phone: {booking.booking_reference}" in page.content.decode()
    assert Notification.objects.filter(user=booking.user, type="booking_confirm").exists()


def test_a_form_sent_twice_books_once(admin, event):
    url = tab(event, "add_booking")

    first, second = (admin.post(url, form()) for _ in range(2))

    assert (first.status_code, second.status_code) == (302, 302)
    assert Booking.objects.count() == 1


def test_free_of_charge_and_more_seats_for_the_same_person(admin, event):
    url = tab(event, "add_booking")
    admin.post(url, form(is_free="on"))
    refused = admin.post(url, form(idempotency_key="k2"))
    assert "Phil Phone has 2 seats for this event already" in refused.content.decode()
    admin.post(url, form(idempotency_key="k2", again="on"))

    amounts = Booking.objects.order_by("created_at").values_list("total_amount", flat=True)
    assert list(amounts) == [Decimal("0.00"), Decimal("20.00")]


def test_wrong_entries_are_named(admin, event):
    page = admin.post(
        tab(event, "add_booking"), form(email="phil@", name="\u200b", quantity="0")
    ).content.decode()
    assert page.count("errorlist") + page.count("text-red") >= 1
    assert not Booking.objects.exists()
    assert "phil@" in page


def test_seats_are_added_for_a_person_while_others_wait(admin, organizer):
    event = EventFactory(created_by=organizer, total_capacity=1)
    BookingFactory(event=event)
    waiting = WaitlistEntryFactory(event=event)
    url = tab(event, "add_booking")

    assert "come first" in admin.post(url, form()).content.decode()
    assert "Enter a reason" in admin.post(url, form(add_seats="on")).content.decode()
    admin.post(url, form(add_seats="on", reason="Speaker"))

    event.refresh_from_db()
    assert (event.total_capacity, event.available_seats) == (3, 0)
    booking = Booking.objects.get(quantity=2)
    assert Promotion.objects.get(booking=booking).organizer_reason == "Speaker"
    assert WaitlistEntry.objects.get(pk=waiting.pk).position == 1
    receipt = receipt_of(WaitlistEntry.objects.get(pk=waiting.pk), at=now())
    titles = [step["title"] for step in receipt.steps]
    assert "The organizer offered 2 seats to another person out of order" in titles
    # The person was told of a booking, and of nothing else.
    types = Notification.objects.filter(user=booking.user).values_list("type", flat=True)
    assert list(types) == ["booking_confirm"]


def test_seats_are_added_for_a_person_where_the_waitlist_is_empty(admin, organizer):
    event = EventFactory(created_by=organizer, total_capacity=2)
    BookingFactory(event=event)

    assert "Too few seats" in admin.post(tab(event, "add_booking"), form()).content.decode()
    admin.post(tab(event, "add_booking"), form(add_seats="on", reason="Speaker"))

    event.refresh_from_db()
    assert (event.total_capacity, event.available_seats) == (4, 1)
    assert not Promotion.objects.exists()


def test_a_person_on_the_waitlist_is_not_booked_past_it(admin, organizer):
    event = EventFactory(created_by=organizer, total_capacity=1)
    BookingFactory(event=event)
    WaitlistEntryFactory(event=event, user=UserFactory(email="phil@example.org"))

    page = admin.post(
        tab(event, "add_booking"), form(add_seats="on", reason="Speaker")
    ).content.decode()

    assert "This person is on the waitlist" in page
    event.refresh_from_db()
    assert event.total_capacity == 1
