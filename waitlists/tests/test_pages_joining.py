"""Joining the waitlist of an event, with and without an account."""

import re
from datetime import timedelta
from decimal import Decimal

import pytest
from django.urls import reverse

from bookings.factories import BookingFactory
from bookings.models import Booking
from evently.accounts.factories import UserFactory
from events.factories import EventFactory
from events.models import Event
from waitlists import operations
from waitlists.factories import WaitlistEntryFactory
from waitlists.models import WaitlistEntry
from waitlists.tests.helpers import full_event

pytestmark = pytest.mark.django_db(transaction=True)


HIDDEN = re.compile(r'<input type="hidden" name="(unit_price|idempotency_key)" value="([^"]*)"')


def shown_form(client, event):
    page = client.get(reverse("join_waitlist", args=[event.pk])).content.decode()
    return {"quantity": "1", **dict(HIDDEN.findall(page))}


def join(client, event, **fields):
    data = shown_form(client, event) | fields
    return client.post(reverse("join_waitlist", args=[event.pk]), data), data


def test_sending_the_form_twice_joins_once(client, user):
    event, _ = full_event()

    response, data = join(client, event, quantity="2", min_quantity="1")
    again = client.post(reverse("join_waitlist", args=[event.pk]), data)

    entry = WaitlistEntry.objects.get()
    assert (entry.user_id, entry.quantity, entry.min_quantity) == (user.pk, 2, 1)
    assert response.url == again.url == reverse("waitlist_entry", args=[entry.pk])
    assert "1st" in client.get(response.url).content.decode()


def test_joining_as_a_guest_twice_shows_the_same_page(client):
    event, _ = full_event()
    first, _ = join(client, event, name="Ada", email="ada@example.org")
    second, _ = join(client, event, name="Ada", email="ada@example.org")
    assert first.status_code == second.status_code == 200
    assert first.content == second.content
    assert WaitlistEntry.objects.count() == 1
    assert client.get(reverse("my_waitlists")).status_code == 302


def test_joining_as_a_guest_reveals_nothing_about_the_owner(client):
    def answer(event, email):
        response, _ = join(client, event, name="Ada", email=email)
        return response.status_code, response.content.decode().replace(email, "")

    full, booking = full_event(max_per_person=2)
    assert answer(full, booking.user.email) == answer(full, "nobody@example.org")

    on_sale = EventFactory(max_per_person=2)
    booked = BookingFactory(event=on_sale, quantity=2).user.email
    assert answer(on_sale, booked)[0] == answer(on_sale, "other@example.org")[0] == 409


def test_joining_while_seats_are_on_sale_links_to_booking(client, user):
    event = EventFactory()
    response, _ = join(client, event, quantity="2")
    assert response.status_code == 409
    assert f"{reverse('book', args=[event.pk])}?quantity=2" in response.content.decode()


def test_joining_twice_links_to_my_waitlists(client, user):
    event, _ = full_event()
    join(client, event)
    response, _ = join(client, event)
    assert response.status_code == 409
    assert reverse("my_waitlists") in response.content.decode()


@pytest.mark.parametrize(
    ("fields", "where"),
    [
        ({"quantity": "0"}, "quantity"),
        ({"quantity": "-1"}, "quantity"),
        ({"quantity": "11"}, "quantity"),
        ({"quantity": "x"}, "quantity"),
        ({"quantity": "9" * 40}, "quantity"),
        ({"quantity": "2", "min_quantity": "3"}, "min_quantity"),
        ({"quantity": "2", "min_quantity": "0"}, "min_quantity"),
        ({"quantity": "2", "min_quantity": "😀"}, "min_quantity"),
    ],
)
def test_joining_refuses_invalid_quantities(client, user, fields, where):
    event, _ = full_event()
    response, _ = join(client, event, **fields)
    assert response.status_code == 422
    assert where in response.context["form"].errors
    assert WaitlistEntry.objects.count() == 0


@pytest.mark.parametrize("quantity", ["0", "99", "x", "9" * 50, "²", "😀"])
def test_join_page_ignores_invalid_quantities(client, quantity):
    event, _ = full_event()
    url = reverse("join_waitlist", args=[event.pk])
    assert client.get(url, {"quantity": quantity}).status_code == 200


def test_joining_a_past_event_is_refused(client, user, clock):
    event, _ = full_event()
    clock.move(timedelta(days=31))
    response, _ = join(client, event)
    assert response.status_code == 409
    assert "are closed" in response.content.decode()


# ── The price seen ──────────────────────────────────────────────────────────
def set_price(event, price):
    Event.objects.filter(pk=event.pk).update(current_price=price)


@pytest.mark.parametrize("guest", [{}, {"name": "Ada", "email": "ada@example.org"}])
def test_risen_price_is_asked_about_with_both_prices_and_nothing_else_lost(client, guest):
    event, _ = full_event(priced=20)
    if not guest:
        client.force_login(UserFactory())
    form = shown_form(client, event) | {"quantity": "2", "min_quantity": "1"} | guest
    set_price(event, 60)

    refused = client.post(reverse("join_waitlist", args=[event.pk]), form)

    page = refused.content.decode()
    assert refused.status_code == 409
    assert "The price has risen to €60.00 per seat" in page
    assert "It was €20.00 when you opened this page." in page
    assert "Join at €60.00 per seat" in page
    assert refused.context["form"]["quantity"].value() == "2"
    assert all(f'value="{value}"' in page for value in guest.values())
    assert not WaitlistEntry.objects.exists()

    client.post(reverse("join_waitlist", args=[event.pk]), form | dict(HIDDEN.findall(page)))

    assert WaitlistEntry.objects.get().unit_price == Decimal(60)


def test_risen_price_is_told_also_where_another_field_was_wrong(client, user):
    event, _ = full_event(priced=20)
    form = shown_form(client, event) | {"quantity": "x"}
    set_price(event, 60)

    page = client.post(reverse("join_waitlist", args=[event.pk]), form).content.decode()

    assert "The price has risen to €60.00 per seat" in page


def test_fallen_price_is_taken_without_a_question(client, user):
    event, _ = full_event(priced=20)
    form = shown_form(client, event)
    set_price(event, 15)

    client.post(reverse("join_waitlist", args=[event.pk]), form)

    assert WaitlistEntry.objects.get().unit_price == Decimal(15)


def test_form_without_a_price_is_asked_to_join_at_the_current_one(client, user):
    event, _ = full_event(priced=20)

    response, _ = join(client, event, unit_price="")

    assert response.status_code == 422
    assert "A seat costs €20.00" in response.content.decode()
    assert not WaitlistEntry.objects.exists()


def test_join_again_names_its_price_and_sends_it(client, user):
    event, _ = full_event(priced=20)
    join(client, event)
    entry = WaitlistEntry.objects.get()
    operations.leave_waitlist(event_id=event.pk, entry_id=entry.pk)
    page = client.get(reverse("waitlist_entry", args=[entry.pk])).content.decode()
    assert "Join again at €20.00 per seat" in page
    form = {"quantity": "1", **dict(HIDDEN.findall(page))}
    set_price(event, 60)

    refused = client.post(reverse("join_waitlist", args=[event.pk]), form)

    assert refused.status_code == 409
    assert "It was €20.00 when you opened this page." in refused.content.decode()


def test_form_offers_as_many_seats_as_one_place_may_have(client, user):
    event, _ = full_event(seats=8, max_per_booking=10)

    response, _ = join(client, event, quantity="5")

    assert response.status_code == 422
    assert response.context["form"].errors["quantity"] == [
        "At this event, one person can wait for at most 4 seats."
    ]
    assert response.context["form"].fields["quantity"].widget.attrs["max"] == 4


# ── Limits ──────────────────────────────────────────────────────────────────
@pytest.mark.usefixtures("still_time")
def test_invented_addresses_of_one_client_get_few_places_and_nothing_typed_is_lost(client):
    event, _ = full_event()
    form = shown_form(client, event)

    def ask(number):
        fields = {"name": "Ada", "email": f"ada{number}@example.org", "idempotency_key": ""}
        return client.post(reverse("join_waitlist", args=[event.pk]), form | fields)

    statuses = [ask(number).status_code for number in range(32)]
    refused = ask(99)

    page = refused.content.decode()
    assert statuses == [200] * 30 + [429] * 2
    assert WaitlistEntry.objects.count() == 30
    assert int(refused.headers["Retry-After"]) > 0
    assert "Please log in to join" in page
    assert 'value="ada99@example.org"' in page
    client.force_login(UserFactory())
    assert join(client, event)[0].status_code == 302


def test_booking_form_offers_no_more_than_a_place_while_people_wait(client, user):
    event = EventFactory(total_capacity=7)
    BookingFactory(event=event, quantity=4)
    event.refresh_from_db()
    WaitlistEntryFactory(event=event, quantity=4)
    Event.objects.filter(pk=event.pk).update(max_per_place=2)

    page = client.get(reverse("book", args=[event.pk])).content.decode()
    refused = client.post(reverse("book", args=[event.pk]), {"quantity": "3", "unit_price": "0"})

    assert 'max="2"' in page
    assert refused.status_code == 422
    assert "Please choose fewer seats" in refused.content.decode()
    assert Booking.objects.count() == 1
