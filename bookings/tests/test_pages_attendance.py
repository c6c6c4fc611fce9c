"""The pages that ask whether an attendee is still coming, for owners and by emailed links."""

from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from django.urls import reverse

from bookings.factories import BookingFactory
from bookings.models import AttendanceCheck, Booking
from evently.accounts.factories import UserFactory
from evently.links import sign_link
from evently.tests.sql import run
from events.factories import EventFactory

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def event():
    start = datetime.now(UTC) + timedelta(days=10)
    return EventFactory(event_date=start, ask_days_before=14, unanswered_policy="return")


@pytest.fixture
def booking(event, user):
    return asked(event, user=user)


def asked(event, **columns):
    given = {"quantity": 3, "unanswered_policy": "return"}
    booking = BookingFactory(event=event, **(given | columns))
    AttendanceCheck.objects.create(
        booking=booking, event=event, event_date=event.event_date, seats=booking.quantity
    )
    return booking


@pytest.fixture
def visitor():
    """A client that is not logged in."""
    return Client()


def link_of(booking):
    token = sign_link(purpose="booking", row_id=booking.pk, event_id=booking.event_id)
    return reverse("booking_link_coming", args=[token])


def own(booking):
    return reverse("booking_coming", args=[booking.pk])


def text_of(response):
    return " ".join(response.content.decode().split())


def state():
    ((quantity, status, coming),) = run(
        "SELECT quantity, status, coming FROM bookings b JOIN attendance_checks c"
        " ON c.booking_id = b.id"
    )
    return quantity, status, coming


def test_opening_the_link_changes_nothing(visitor, booking):
    """Mail scanners open links, with HEAD and with any query."""
    for query in ("", "?answer=no", "?answer=yes"):
        response = visitor.get(link_of(booking) + query)
        assert response.status_code == 200
        assert visitor.head(link_of(booking) + query).status_code == 200
    text = text_of(response)
    assert "Are you still coming?" in text
    assert "may be cancelled and offered to people on the waitlist" in text
    assert "This booking was free of charge, so there is nothing to refund." in text
    assert response.headers["X-Robots-Tag"] == "noindex"
    assert "no-store" in response.headers["Cache-Control"]
    assert state() == (3, "confirmed", None)


@pytest.mark.parametrize(
    ("data", "after", "said"),
    [
        ({"answer": "yes"}, (3, "confirmed", 3), "Thank you for telling us that you are coming."),
        ({"answer": "some", "coming": 1}, (1, "confirmed", 1), "You have given back 2 seats."),
        ({"answer": "no", "coming": 1}, (3, "cancelled", 0), "Your booking is cancelled."),
    ],
)
@pytest.mark.parametrize("by_link", [True, False])
def test_one_tap_answers(client, visitor, booking, data, after, said, by_link):
    url = link_of(booking) if by_link else own(booking)
    response = (visitor if by_link else client).post(url, data, follow=True)
    assert state() == after
    assert said in text_of(response)


def test_answer_can_be_changed_and_says_so(client, booking):
    client.post(link_of(booking), {"answer": "yes"})
    text = text_of(client.get(link_of(booking)))
    assert "Change your answer" in text
    assert "You confirmed 3 seats on" in text
    client.post(link_of(booking), {"answer": "no"})
    assert state() == (3, "cancelled", 0)


def test_back_button_and_second_tap_do_no_harm(client, booking):
    """The same form sent twice acts once; another one after it says what is the case."""
    data = {"answer": "some", "coming": 2, "idempotency_key": "tap"}
    client.post(link_of(booking), data)
    again = client.post(link_of(booking), data)
    assert again.status_code == 302
    assert state() == (2, "confirmed", 2)
    client.post(link_of(booking), {"answer": "no"})
    response = client.post(link_of(booking), {"answer": "yes"})
    assert response.status_code == 409
    assert "This booking is cancelled" in text_of(response)


def test_returned_booking_says_why(client, clock, booking):
    clock.move(timedelta(days=2))
    run("UPDATE attendance_checks SET asked_again_at = now()")
    clock.move(timedelta(days=4))
    run("UPDATE bookings SET status = 'cancelled', cancelled_by = 'unanswered'")
    for response in (
        client.get(link_of(booking)),
        client.post(link_of(booking), {"answer": "yes"}),
    ):
        text = text_of(response)
        assert "Your seats were returned" in text
        assert "You can join the waitlist." in text
    token = sign_link(purpose="booking", row_id=booking.pk, event_id=booking.event_id)
    detail = text_of(client.get(reverse("booking_link", args=[token])))
    assert "We asked you twice whether you are still coming" in detail


@pytest.mark.parametrize(
    "data", [{}, {"answer": "maybe"}, {"answer": "some"}, {"answer": "some", "coming": "x"}]
)
def test_unclear_answer_is_asked_again(client, booking, data):
    response = client.post(link_of(booking), data)
    assert response.status_code == 422
    assert "Are you still coming?" in text_of(response)
    assert state() == (3, "confirmed", None)


def test_more_seats_than_booked_are_refused(client, booking):
    response = client.post(link_of(booking), {"answer": "some", "coming": 9})
    assert response.status_code == 422
    assert "Enter from 0 to 3" in text_of(response)


def test_links_of_others_and_for_other_purposes_do_not_work(client, booking, event):
    other = asked(event, quantity=1)
    client.force_login(UserFactory())
    assert client.post(own(booking), {"answer": "no"}).status_code == 404
    ticket = sign_link(purpose="ticket", row_id=booking.pk, event_id=booking.event_id)
    for token in (ticket, link_of(other).split("/")[2][:-3] + "abc"):
        url = reverse("booking_link_coming", args=[token])
        assert client.post(url, {"answer": "no"}).status_code == 404
    assert Booking.objects.filter(status="cancelled").count() == 0


def test_visitor_without_link_logs_in_first(visitor, booking):
    response = visitor.post(own(booking), {"answer": "no"})
    assert response.status_code == 302
    assert "/log-in/" in response.headers["Location"]


def test_booking_that_was_not_asked_has_nothing_to_answer(client, event, user):
    text = text_of(client.get(own(BookingFactory(event=event, user=user))))
    assert "There is nothing to answer" in text


def test_question_is_on_the_booking_and_in_the_list(client, user, booking):
    detail = text_of(client.get(reverse("booking_detail", args=[booking.pk])))
    assert "Yes, all 3 of us are coming" in detail
    assert "Still coming?" in text_of(client.get(reverse("my_bookings")))
    client.post(own(booking), {"answer": "yes"})
    assert "Still coming?" not in text_of(client.get(reverse("my_bookings")))
    assert "Change my answer" in text_of(client.get(reverse("booking_detail", args=[booking.pk])))


def test_after_the_deadline_confirmed_seats_are_kept(client, booking, event):
    client.post(link_of(booking), {"answer": "yes"})
    run("UPDATE events SET cancellation_deadline = created_at")
    text = text_of(client.get(link_of(booking)))
    assert "The deadline for cancelling has passed." in text
    assert 'value="no"' not in text
    assert client.post(link_of(booking), {"answer": "no"}).status_code == 409


# ── Before booking ──────────────────────────────────────────────────────────
TERMS = "your seats may be cancelled and offered to people on the waitlist"


def test_terms_are_shown_before_booking_and_kept_with_it(client, user):
    event = EventFactory(ask_days_before=5, unanswered_policy="return")
    assert TERMS in text_of(client.get(reverse("event_detail", args=[event.pk])))
    checkout = client.get(reverse("book", args=[event.pk]))
    assert TERMS in text_of(checkout)
    assert 'name="terms_shown" value="return"' in text_of(checkout)
    data = {"quantity": 1, "terms_shown": "return", "unit_price": "0"}
    done = client.post(reverse("book", args=[event.pk]), data, follow=True)
    assert TERMS in text_of(done)
    booking = Booking.objects.get()
    assert booking.unanswered_policy == "return"
    assert TERMS in text_of(client.get(reverse("booking_detail", args=[booking.pk])))


def test_form_that_showed_other_terms_promises_these(client, user):
    """The organizer changed them while the form was open."""
    event = EventFactory(ask_days_before=5, unanswered_policy="return")
    data = {"quantity": 1, "terms_shown": "keep", "unit_price": "0"}
    done = client.post(reverse("book", args=[event.pk]), data, follow=True)
    assert Booking.objects.get().unanswered_policy == "keep"
    assert "you keep your seats" in text_of(done)


def test_event_that_asks_no_one_says_nothing(client, user):
    event = EventFactory()
    assert "still coming" not in text_of(client.get(reverse("event_detail", args=[event.pk])))
    assert "still coming" not in text_of(client.get(reverse("book", args=[event.pk])))
