"""What organizers see of tickets that were handed over."""

import pytest

from bookings.factories import BookingFactory
from bookings.operations import accept_transfer, hand_over
from boxoffice.tests.organizing import BOOKINGS, tab
from evently.accounts.factories import UserFactory
from evently.tests.sql import as_at_commit
from events.factories import EventFactory

pytestmark = pytest.mark.django_db


def test_booking_shows_to_whom_a_ticket_is_handed_over(admin, organizer):
    booking = BookingFactory(
        event=EventFactory(created_by=organizer), user=UserFactory(name="Ada"), quantity=2
    )
    first, second = booking.tickets.order_by("id").values_list("pk", flat=True)
    given, _ = (
        hand_over(
            event_id=booking.event_id,
            booking_id=booking.pk,
            ticket_ids=[ticket],
            name=name,
            email=f"{name}@example.org",
        )[0]
        for ticket, name in ((first, "Grace"), (second, "Joan"))
    )
    accept_transfer(event_id=booking.event_id, transfer_id=given.pk)

    page = admin.get(f"{BOOKINGS}{booking.pk}/change/").content.decode()

    assert "Handed over by Ada to Grace (Grace@example.org), accepted on" in page
    assert "Offered by Ada to Joan (Joan@example.org) on" in page
    assert "Ticket offered to Grace was accepted" in page
    as_at_commit()
    activity = admin.get(tab(booking.event, "history")).content.decode()
    assert "offered to hand over" in activity
