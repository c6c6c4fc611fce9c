"""Handing tickets over: by the owner of a booking, accepted by an emailed link."""

import re
import threading

import pytest
from django.db import connection, connections
from django.urls import reverse

from bookings import operations
from bookings.factories import BookingFactory
from bookings.models import Ticket, TicketTransfer
from bookings.operations import Canceller
from evently.accounts.factories import UserFactory
from evently.accounts.models import User
from evently.api.tests.client import api, assert_problem
from evently.errors import DomainError
from evently.links import sign_link
from evently.privacy.addresses import AddressInvalid
from events.factories import EventFactory

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.race]


def text_of(response):
    """Return the words of a page, without its tags."""
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


@pytest.fixture
def booking(user):
    return BookingFactory(event=EventFactory(), user=user, quantity=2)


def tickets_of(booking):
    return list(Ticket.objects.filter(booking=booking, cancelled_at__isnull=True).order_by("id"))


def hand_over(booking, *, tickets=1, email="grace@example.org", name="Grace Hopper"):
    return operations.hand_over(
        event_id=booking.event_id,
        booking_id=booking.pk,
        ticket_ids=[ticket.pk for ticket in tickets_of(booking)[:tickets]],
        name=name,
        email=email,
    )


def accept(transfer):
    return operations.accept_transfer(event_id=transfer.event_id, transfer_id=transfer.pk)


def link_of(transfer):
    token = sign_link(purpose="transfer", row_id=transfer.pk, event_id=transfer.event_id)
    return f"/h/{token}/"


# ── By the owner ────────────────────────────────────────────────────────────
def test_owner_hands_over_a_ticket_and_takes_it_back(client, user, booking):
    first, second = tickets_of(booking)
    page = client.get(reverse("booking_detail", args=[booking.pk]))
    url = f"{reverse('hand_over', args=[booking.pk])}?ticket={second.pk}"
    assert url in page.content.decode()
    assert str(second.pk) in client.get(url).content.decode()

    data = {"tickets": [str(second.pk)], "name": "Grace Hopper", "email": "grace@example.org"}
    response = client.post(url, data, follow=True)

    assert "Offered to Grace Hopper (grace@example.org)" in text_of(response)
    transfer = TicketTransfer.objects.get()
    assert transfer.ticket_id == second.pk
    back = reverse("withdraw_transfer", args=[booking.pk, transfer.pk])
    assert "You have taken the ticket back" in text_of(client.post(back, follow=True))
    assert "no longer offered to you" in text_of(client.get(link_of(transfer)))
    refused = client.post(link_of(transfer))
    assert refused.status_code == 409
    assert {ticket.pk for ticket in tickets_of(booking)} == {first.pk, second.pk}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"email": "not an address"}, "email"),
        ({"name": ""}, "name"),
        ({"tickets": []}, "tickets"),
        ({"tickets": ["01999999-0000-7000-8000-000000000000"]}, "tickets"),
    ],
)
def test_invalid_form_says_what_to_correct(client, user, booking, change, field):
    data = {"tickets": [str(tickets_of(booking)[0].pk)], "name": "Grace", "email": "g@example.org"}

    response = client.post(reverse("hand_over", args=[booking.pk]), data | change)

    assert response.status_code == 422
    assert set(response.context["form"].errors) == {field}
    assert not TicketTransfer.objects.exists()


def test_own_address_is_refused(booking):
    with pytest.raises(operations.OwnTicket):
        hand_over(booking, email=booking.user.email.upper())
    with pytest.raises(AddressInvalid):
        hand_over(booking, email="nowhere")


def test_ticket_is_offered_once_and_only_while_valid(booking):
    (transfer,) = hand_over(booking)
    with pytest.raises(operations.TransferOpen):
        hand_over(booking, email="other@example.org")
    operations.cancel_booking(
        event_id=booking.event_id, booking_id=booking.pk, by=Canceller.ATTENDEE
    )
    with pytest.raises(operations.TicketNotTransferable):
        accept(transfer)


def test_bookings_of_others_are_not_found(client, user):
    other = BookingFactory(event=EventFactory())
    (transfer,) = hand_over(other)
    assert client.get(reverse("hand_over", args=[other.pk])).status_code == 404
    withdrawal = reverse("withdraw_transfer", args=[other.pk, transfer.pk])
    assert client.post(withdrawal).status_code == 404
    own = BookingFactory(event=other.event, user=user)
    assert client.post(reverse("withdraw_transfer", args=[own.pk, transfer.pk])).status_code == 404


# ── By the recipient ────────────────────────────────────────────────────────
def test_accepted_ticket_bears_the_recipients_name_with_a_new_secret(client, booking):
    old, kept = tickets_of(booking)
    (transfer,) = hand_over(booking)
    client.logout()
    page = text_of(client.get(link_of(transfer)))
    assert f"{booking.user.name} hands you a ticket" in page
    assert TicketTransfer.objects.get().is_open, "opening a link must not accept"

    response = client.post(link_of(transfer), follow=True)

    assert "Name Grace Hopper" in text_of(response)
    old.refresh_from_db()
    (new,) = {ticket.pk: ticket for ticket in tickets_of(booking) if ticket.pk != kept.pk}.values()
    assert (old.is_cancelled, new.secret == old.secret) == (True, False)
    assert client.get(link_of(transfer)).url.startswith("/t/"), "the link leads to the ticket"
    assert client.post(link_of(transfer)).url.startswith("/t/")
    assert new.holder == User.objects.with_address("grace@example.org").get()


def test_owner_sees_to_whom_but_no_code_of_a_handed_over_ticket(client, user, booking):
    (transfer,) = hand_over(booking)
    new = accept(transfer).new_ticket

    page = client.get(reverse("booking_detail", args=[booking.pk]))

    assert "Handed over to Grace Hopper on" in text_of(page)
    assert reverse("ticket_qr", args=[booking.pk, new.pk]) not in page.content.decode()
    assert client.get(reverse("ticket_qr", args=[booking.pk, new.pk])).status_code == 404
    tickets = api(user).get(f"/api/v1/bookings/{booking.pk}/").json()["tickets"]
    shown = {ticket["id"]: (ticket["secret"], ticket["holder_name"]) for ticket in tickets}
    assert shown[str(new.pk)] == (None, "Grace Hopper")
    code = f"/api/v1/bookings/{booking.pk}/ticket/?ticket={new.pk}"
    assert_problem(api(user).get(code), 404, "not_found")


def test_renaming_the_recipient_or_correcting_the_owner_leaves_the_ticket(booking):
    (transfer,) = hand_over(booking)
    new = Ticket.objects.select_related("holder__person_key").get(pk=accept(transfer).new_ticket_id)
    recipient = new.holder
    fields = recipient.seal(recipient.key, name="Somebody Else")
    recipient.save(update_fields=fields)
    assert new.name == "Grace Hopper"


def test_links_of_the_recipient_follow_their_own_version(client, booking):
    (transfer,) = hand_over(booking)
    url = None
    accept(transfer)
    url = client.get(link_of(transfer)).url
    assert client.get(url).status_code == 200
    User.objects.filter(pk=booking.user_id).update(links_version=5)
    assert client.get(url).status_code == 200


def test_all_tickets_are_handed_over_one_link_each(booking):
    transfers = hand_over(booking, tickets=2)

    for transfer in transfers:
        accept(transfer)

    holders = {ticket.holder_id for ticket in tickets_of(booking)}
    assert holders == {User.objects.with_address("grace@example.org").get().pk}


def run_together(*functions):
    """Run functions in threads of their own, all at once; return their results or refusals."""
    barrier, outcomes = threading.Barrier(len(functions)), [None] * len(functions)

    def run_one(number, function):
        try:
            connection.ensure_connection()
            barrier.wait(timeout=30)
            outcomes[number] = function()
        except DomainError as refusal:
            outcomes[number] = refusal
        finally:
            connections.close_all()

    threads = [
        threading.Thread(target=run_one, args=(number, function))
        for number, function in enumerate(functions)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes


def test_accepting_twice_at_once_makes_one_ticket(booking):
    (transfer,) = hand_over(booking)

    outcomes = run_together(*[lambda: accept(transfer)] * 3)

    accepted = [one for one in outcomes if isinstance(one, TicketTransfer)]
    refused = [one for one in outcomes if isinstance(one, operations.TransferEnded)]
    assert (len(accepted), len(refused)) == (1, 2)
    assert len(tickets_of(booking)) == 2


def test_accepting_while_it_is_taken_back_is_one_or_the_other(booking):
    (transfer,) = hand_over(booking)
    keys = {"event_id": booking.event_id, "booking_id": booking.pk}

    accepted, taken_back = run_together(
        lambda: accept(transfer),
        lambda: operations.withdraw_transfer(**keys, transfer_id=transfer.pk),
    )

    assert isinstance(accepted, TicketTransfer) is not isinstance(taken_back, TicketTransfer)
    assert len(tickets_of(booking)) == 2


def test_account_of_the_address_is_used(booking):
    grace = UserFactory(email="grace@example.org", name="G. Hopper")
    (transfer,) = hand_over(booking)
    assert accept(transfer).recipient == grace
