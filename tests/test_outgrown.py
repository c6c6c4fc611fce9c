"""The capacity is lowered below what a waiting entry needs."""

import pytest
from django.urls import reverse

from bookings.factories import BookingFactory
from bookings.operations import Canceller, cancel_booking
from evently.accounts.factories import UserFactory
from evently.api.tests.client import api, assert_problem
from evently.errors import Invalid
from evently.links import sign_link
from events.factories import EventFactory
from events.operations import edit_event
from notifications.models import Notification
from waitlists import operations
from waitlists.models import Promotion, WaitlistEntry

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def booking():
    event = EventFactory(name="Jazz", total_capacity=6, max_per_place=6)
    return BookingFactory(event=event, quantity=2)


@pytest.fixture
def entry(booking):
    """An entry for at least 5 seats; 4 of 6 are free."""
    BookingFactory(event=booking.event, quantity=2)
    return operations.join_waitlist(
        event_id=booking.event_id, user_id=UserFactory().pk, quantity=6, min_quantity=5
    )


def lower(entry, capacity=4):
    edit_event(event_id=entry.event_id, version=None, total_capacity=capacity)
    entry.refresh_from_db()


def told(entry):
    rows = Notification.objects.filter(type="waitlist_outgrown", user_id=entry.user_id)
    return list(rows.values_list("message", flat=True))


def test_the_person_is_told_what_to_change_once(entry):
    lower(entry)
    lower(entry, capacity=5)
    lower(entry)

    assert entry.is_outgrown(capacity=4)
    message, again = told(entry)
    assert "now has only 4 seats" in message
    assert "at least 5" in message
    assert "Lower the number" in message
    assert again == message


@pytest.mark.parametrize("capacity", [5, 7])
def test_no_one_is_told_while_the_entry_fits(entry, capacity):
    lower(entry, capacity)

    assert told(entry) == []


def test_receipt_says_so_and_the_page_lowers_the_number(client, entry, booking):
    lower(entry)
    client.force_login(entry.user)
    url = reverse("waitlist_entry", args=[entry.pk])
    page = client.get(url).content.decode()
    assert "no longer has enough seats for you" in page
    assert "This event now has only 4 seats" in page
    change = reverse("change_entry", args=[entry.pk])
    assert change in page
    assert 'value="4"' in client.get(change).content.decode()

    assert client.post(change, {"min_quantity": "5"}).status_code == 422
    assert client.post(change, {"min_quantity": "2"}, follow=True).status_code == 200

    entry.refresh_from_db()
    assert (entry.min_quantity, entry.position) == (2, 1)
    assert "no longer has enough" not in client.get(url).content.decode()
    cancel_booking(event_id=booking.event_id, booking_id=booking.pk, by=Canceller.ATTENDEE)
    assert Promotion.objects.get().quantity == 2


def test_link_in_the_email_leads_to_the_change_without_logging_in(client, entry):
    lower(entry)
    token = sign_link(purpose="entry", row_id=entry.pk, event_id=entry.event_id)

    assert reverse("entry_link_change", args=[token]) in client.get(f"/w/{token}/").content.decode()
    client.post(reverse("entry_link_change", args=[token]), {"min_quantity": "1"})

    entry.refresh_from_db()
    assert entry.min_quantity == 1


def test_lowered_number_is_served_at_once(entry):
    operations.lower_min_quantity(event_id=entry.event_id, entry_id=entry.pk, min_quantity=2)

    assert Promotion.objects.get().quantity == 2


@pytest.mark.parametrize("number", [0, 6])
def test_number_can_only_be_lowered(entry, number):
    with pytest.raises(Invalid):
        operations.lower_min_quantity(
            event_id=entry.event_id, entry_id=entry.pk, min_quantity=number
        )


def test_api_lowers_the_number(entry):
    lower(entry)
    url = f"/api/v1/waitlists/{entry.pk}/"

    assert_problem(api().patch(url, {"min_quantity": 3}), 401, "not_authenticated")
    assert_problem(api(UserFactory()).patch(url, {"min_quantity": 3}), 404, "not_found")
    assert_problem(api(entry.user).patch(url, {"min_quantity": 6}), 422, "invalid")
    changed = api(entry.user).patch(url, {"min_quantity": 3})

    assert (changed.status_code, changed.json()["min_quantity"]) == (200, 3)
    WaitlistEntry.objects.filter(pk=entry.pk).update(status="left")
    assert_problem(api(entry.user).patch(url, {"min_quantity": 1}), 409, "not_waiting")
