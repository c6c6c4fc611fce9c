"""Confirming a place that was taken by entering an email address, on pages and by emailed link."""

import pytest
from django.urls import reverse

from bookings.factories import BookingFactory
from evently.accounts.factories import OrganizerFactory, UserFactory
from evently.accounts.operations.verification import mark_verified
from evently.api.tests.client import api
from evently.links import sign_link
from evently.transactions import run_in_transaction
from events.factories import EventFactory
from waitlists import operations, tasks
from waitlists.models import EntryStatus, WaitlistEntry
from waitlists.tests.helpers import cancel, full_event, join
from waitlists.tests.test_pages_joining import shown_form

pytestmark = pytest.mark.django_db(transaction=True)

BUTTON = "Confirm my place"


def join_as_guest(client, event, email="ada@example.org", **fields):
    form = shown_form(client, event) | {"name": "Ada", "email": email} | fields
    response = client.post(reverse("join_waitlist", args=[event.pk]), form)
    assert response.status_code == 200
    return response.content.decode()


def link(name, entry):
    token = sign_link(purpose="entry", row_id=entry.pk, event_id=entry.event_id)
    return reverse(name, args=[token])


def read(client, url):
    return " ".join(client.get(url).content.decode().split())


def unconfirmed_entry(user, event):
    """Let a user join whose address is not confirmed."""
    entry = join(event, user)
    assert not entry.is_confirmed
    return entry


def test_guest_gets_an_unconfirmed_place_and_is_told_so(client):
    event, _ = full_event()

    page = join_as_guest(client, event)

    entry = WaitlistEntry.objects.get()
    assert (entry.position, entry.is_confirmed) == (1, False)
    assert (
        "Until you confirm, your place keeps its position, but no seats are offered to it" in page
    )


def test_opening_the_link_only_shows_and_its_button_confirms(client):
    event, _ = full_event()
    join_as_guest(client, event)
    entry = WaitlistEntry.objects.get()
    url = link("entry_link_confirm", entry)

    page = read(client, url)
    entry.refresh_from_db()
    assert BUTTON in page
    assert not entry.is_confirmed

    response = client.post(url)

    entry.refresh_from_db()
    assert entry.is_confirmed
    assert response.url == link("entry_link", entry)
    page = read(client, response.url)
    assert "Your place is confirmed." in page
    assert "No one is ahead of you." in page
    assert BUTTON not in page
    assert client.get(url).url == client.post(url).url == response.url


def test_confirming_shows_the_offer_where_seats_are_free(client):
    event, booking = full_event()
    join_as_guest(client, event, quantity="2")
    entry = WaitlistEntry.objects.get()
    cancel(booking)
    entry.refresh_from_db()
    assert entry.is_waiting
    assert BUTTON in read(client, link("entry_link", entry))

    response = client.post(link("entry_link_confirm", entry))

    entry.refresh_from_db()
    assert entry.has_offer
    assert "2 seats are held for you" in read(client, response.url)


def test_place_that_was_left_is_not_confirmed(client):
    event, _ = full_event()
    join_as_guest(client, event)
    entry = WaitlistEntry.objects.get()
    operations.leave_waitlist(event_id=event.pk, entry_id=entry.pk)

    response = client.post(link("entry_link_confirm", entry))

    entry.refresh_from_db()
    assert (response.status_code, entry.status) == (302, EntryStatus.LEFT)
    assert not entry.is_confirmed


def test_owner_with_a_confirmed_address_confirms_logged_in(client, user):
    event, _ = full_event()
    entry = join(event, user, as_guest=True)
    assert "Not confirmed yet" in read(client, reverse("my_waitlists"))

    assert BUTTON in read(client, reverse("waitlist_entry", args=[entry.pk]))
    client.post(reverse("confirm_entry", args=[entry.pk]))

    entry.refresh_from_db()
    assert entry.is_confirmed


def test_place_of_another_user_cannot_be_confirmed(client, user):
    entry = join(full_event()[0], as_guest=True)

    assert client.post(reverse("confirm_entry", args=[entry.pk])).status_code == 404
    assert client.post(reverse("entry_link_confirm", args=["made-up"])).status_code == 404

    entry.refresh_from_db()
    assert not entry.is_confirmed


def test_unconfirmed_account_cannot_confirm_its_place_and_is_told_how(client):
    owner = UserFactory(email_verified_at=None)
    client.force_login(owner)
    entry = unconfirmed_entry(owner, full_event()[0])

    page = read(client, reverse("waitlist_entry", args=[entry.pk]))
    assert "no seats are offered to it" in page
    assert "Send me the confirmation link" in page
    assert BUTTON not in page
    assert client.post(reverse("confirm_entry", args=[entry.pk])).status_code == 200

    entry.refresh_from_db()
    assert not entry.is_confirmed


@pytest.mark.parametrize("sweep", [False, True])
def test_confirming_the_address_confirms_the_places_also_if_the_task_is_lost(sweep):
    owner, (event, booking) = UserFactory(email_verified_at=None), full_event()
    entry = unconfirmed_entry(owner, event)
    other = unconfirmed_entry(owner, full_event()[0])
    strangers = unconfirmed_entry(UserFactory(email_verified_at=None), full_event()[0])
    cancel(booking)

    run_in_transaction(lambda: mark_verified(owner))
    if sweep:
        tasks.repair_waitlists()
    else:
        tasks.confirm_places(str(owner.pk))

    for row in (entry, other, strangers):
        row.refresh_from_db()
    assert entry.has_offer
    assert other.is_confirmed
    assert not strangers.is_confirmed


# ── A place that a stranger took with the owner's address ───────────────────
def test_owner_takes_over_the_place_on_the_page(client, user):
    event, _ = full_event()
    entry = join(event, user, as_guest=True, quantity=2)
    behind = join(event)

    form = shown_form(client, event)
    response = client.post(reverse("join_waitlist", args=[event.pk]), form)

    entry.refresh_from_db()
    assert response.url == reverse("waitlist_entry", args=[entry.pk])
    assert (entry.is_confirmed, entry.quantity, entry.position) == (True, 1, 1)
    assert behind.position == 2


def test_owner_takes_over_the_place_in_the_api(user):
    event, _ = full_event()
    entry = join(event, user, as_guest=True)
    client = api(user)
    (listed,) = client.get("/api/v1/waitlists/").json()["results"]
    assert listed["confirmed"] is False

    response = client.post("/api/v1/waitlists/", {"event": str(event.pk)})

    assert (response.status_code, response.json()["confirmed"]) == (201, True)
    assert response.json()["id"] == str(entry.pk)
    assert client.post("/api/v1/waitlists/", {"event": str(event.pk)}).status_code == 409


def test_place_that_is_taken_over_costs_at_most_the_price_that_its_owner_saw(user):
    event = EventFactory(total_capacity=1, priced=60)
    BookingFactory(event=event)
    join(event, user, as_guest=True)
    event.current_price = 20
    event.save(update_fields=["current_price"])

    assert join(event, user).unit_price == 20


def test_organizer_sees_which_places_are_not_confirmed(client):
    organizer = OrganizerFactory()
    event, _ = full_event(created_by=organizer)
    join(event, as_guest=True)
    client.force_login(organizer)

    page = read(client, f"{reverse('admin:waitlists_waitlistentry_changelist')}?event={event.pk}")

    assert "not confirmed" in page
