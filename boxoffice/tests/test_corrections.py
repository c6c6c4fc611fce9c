"""A mistyped address is corrected: by the organizer, and by the guest; tickets are sent again."""

import re

import pytest

from bookings.factories import BookingFactory
from bookings.models import Booking, Ticket
from bookings.operations import send_tickets_again
from boxoffice.lifecycle.operations.addresses import BookedElsewhere, correct_address
from boxoffice.tests.organizing import BOOKINGS
from evently.accounts.factories import OrganizerFactory, UserFactory
from evently.accounts.links import login_token, verification_token
from evently.accounts.models import User
from evently.accounts.operations import log_in_by_link, user_to_verify
from evently.accounts.operations.correction import AddressConfirmed, AddressTaken, SameAddress
from evently.errors import DomainError
from evently.links import LinkExpired, sign_link
from evently.tests.forms import filled_fields
from evently.tests.rows import full_event, wait
from events.factories import EventFactory
from notifications.kinds.bookings import booking_confirmed
from notifications.models import EmailResend, Notification
from notifications.operations import delivering
from notifications.operations.creating import notify
from notifications.operations.resending import ResentTooOften

pytestmark = pytest.mark.django_db(transaction=True)

WRONG, RIGHT = "zoe@exampel.org", "zoe@example.org"


@pytest.fixture
def event(organizer):
    return EventFactory(created_by=organizer, name="Kite Fair", total_capacity=50)


@pytest.fixture
def guest():
    return UserFactory(email=WRONG, name="Zoë", email_verified_at=None)


@pytest.fixture
def booking(event, guest):
    return BookingFactory(event=event, user=guest, quantity=2)


def secrets_of(booking):
    living = Ticket.objects.filter(booking=booking, cancelled_at__isnull=True)
    return set(living.values_list("secret", flat=True))


def deliver_new(mailoutbox):
    mailoutbox.clear()
    pending = Notification.objects.filter(status="pending")
    delivering.deliver_all([(each.pk, each.user_id) for each in pending])


def link_of(booking):
    return f"/b/{sign_link(purpose='booking', row_id=booking.pk, event_id=booking.event_id)}/"


def correct(booking, by, email=RIGHT):
    return correct_address(event_id=booking.event_id, booking_id=booking.pk, email=email, by=by)


def test_organizer_corrects_the_address_of_a_guest(admin, client, organizer, booking, mailoutbox):
    before, link = secrets_of(booking), link_of(booking)
    old_login, old_verify = login_token(booking.user), verification_token(booking.user)
    ticket = Ticket.objects.filter(booking=booking).first()
    ticket_token = sign_link(purpose="ticket", row_id=ticket.pk, event_id=ticket.event_id)

    answer = admin.post(
        f"{BOOKINGS}{booking.pk}/address/", {"confirmed": "yes", "email": RIGHT}, follow=True
    )

    assert f"The address is {RIGHT} now" in answer.content.decode()
    deliver_new(mailoutbox)
    (email,) = mailoutbox
    assert email.to == [RIGHT]
    assert secrets_of(booking).isdisjoint(before)
    assert len(secrets_of(booking)) == 2
    # What went to the wrong address ends.
    assert client.get(link).status_code == 404
    assert client.get(f"/t/{ticket_token}/").status_code == 404
    with pytest.raises(LinkExpired):
        log_in_by_link(token=old_login)
    with pytest.raises(LinkExpired):
        user_to_verify(token=old_verify)
    new_link = re.search(r"/b/\S+/", email.body).group()
    assert client.get(new_link).status_code == 200
    assert EmailResend.objects.get().by_id == organizer.pk


@pytest.mark.parametrize("status", ["confirmed", "cancelled"])
def test_bookings_elsewhere_keep_the_address(organizer, booking, guest, status):
    BookingFactory(user=guest)
    Booking.objects.exclude(pk=booking.pk).update(status=status)

    with pytest.raises(BookedElsewhere):
        correct(booking, organizer)

    assert User.objects.with_keys().get(pk=guest.pk).email == WRONG


def test_waitlist_entry_elsewhere_keeps_the_address(organizer, booking, guest):
    elsewhere, _ = full_event()
    wait(elsewhere, user_id=guest.pk)
    with pytest.raises(BookedElsewhere):
        correct(booking, organizer)


@pytest.mark.parametrize(
    "columns",
    [
        {"email_verified_at": "2026-01-01T00:00Z"},
        {"password": "correct horse battery"},
        {"role": "admin"},
        {"is_active": False},
    ],
)
def test_accounts_with_an_owner_are_never_changed(admin, organizer, event, columns):
    user = UserFactory(email=WRONG, **({"email_verified_at": None} | columns))
    booking = BookingFactory(event=event, user=user)

    with pytest.raises(AddressConfirmed):
        correct(booking, organizer)
    page = admin.get(f"{BOOKINGS}{booking.pk}/address/").content.decode()
    assert "This address can only be changed by its owner" in page
    assert User.objects.with_keys().get(pk=user.pk).email == WRONG


def test_address_of_another_account_is_refused(admin, organizer, booking):
    other = UserFactory(email=RIGHT)

    with pytest.raises(AddressTaken):
        correct(booking, organizer)
    with pytest.raises(SameAddress):
        correct(booking, organizer, email=WRONG.upper())
    answer = admin.post(
        f"{BOOKINGS}{booking.pk}/address/", {"confirmed": "yes", "email": RIGHT}
    ).content.decode()
    assert "belongs to another account" in answer
    assert other.name not in answer


def test_other_organizers_cannot_correct_or_send(client, booking):
    stranger = OrganizerFactory()
    client.force_login(stranger)

    for page in ("address", "tickets"):
        url = f"{BOOKINGS}{booking.pk}/{page}/"
        assert client.post(url, {"confirmed": "yes", "email": RIGHT}).status_code == 404
    with pytest.raises(DomainError):
        correct(booking, stranger)
    assert not EmailResend.objects.exists()


def test_booking_page_shows_tickets_emails_and_timeline(admin, booking):
    booking = Booking.objects.select_related("event").get(pk=booking.pk)
    (id_,) = notify(messages=[booking_confirmed(booking)])
    delivering.deliver_all([(id_, booking.user_id)])
    replaced = next(iter(secrets_of(booking)))[:4].upper()

    page = admin.get(f"{BOOKINGS}{booking.pk}/change/")

    text = page.content.decode()
    assert replaced in text
    assert [row["what"] for row in page.context["emails"]] == ["Booking confirmed"]
    assert page.context["emails"][0]["again"]
    assert any("Email: Booking confirmed" in line.what for line in page.context["timeline"])
    assert "Correct email address" in text


def test_tickets_are_sent_again_by_the_organizer(admin, organizer, booking, mailoutbox):
    url = f"{BOOKINGS}{booking.pk}/tickets/"
    for _ in range(50):
        last = admin.post(url, {"confirmed": "yes"}, follow=True)

    deliver_new(mailoutbox)
    assert [email.to for email in mailoutbox] == [[WRONG]] * 3
    assert "sent again several times already" in last.content.decode()


def test_attendees_have_their_tickets_emailed(client, booking, mailoutbox):
    client.force_login(booking.user)

    answer = client.post(f"/bookings/{booking.pk}/tickets/", follow=True)

    deliver_new(mailoutbox)
    assert "on their way" in answer.content.decode()
    assert [email.to for email in mailoutbox] == [[WRONG]]
    other = BookingFactory()
    assert client.post(f"/bookings/{other.pk}/tickets/").status_code == 404


def test_tickets_are_sent_again_three_times_an_hour(booking):
    for _ in range(3):
        send_tickets_again(event_id=booking.event_id, booking_id=booking.pk, by_id=None)
    with pytest.raises(ResentTooOften):
        send_tickets_again(event_id=booking.event_id, booking_id=booking.pk, by_id=None)


def booked_by_guest(client, event, email=WRONG):
    page = client.get(f"/events/{event.pk}/book/")
    data = filled_fields(page) | {"name": "Zoë", "email": email}
    return client.post(f"/events/{event.pk}/book/", data, follow=True)


def test_guest_corrects_the_address_on_the_confirmation_page(client, event, mailoutbox):
    done = booked_by_guest(client, event)
    assert WRONG in done.content.decode()
    wrong_link = done.request["PATH_INFO"].removesuffix("done/")

    answer = client.post(f"{done.request['PATH_INFO']}address/", {"email": RIGHT}, follow=True)

    assert RIGHT in answer.content.decode()
    assert client.get(wrong_link).status_code == 404
    deliver_new(mailoutbox)
    assert {tuple(email.to) for email in mailoutbox} == {(RIGHT,)}


def test_link_alone_does_not_show_or_correct_the_address(client, event):
    done = booked_by_guest(client, event)
    path = done.request["PATH_INFO"]
    client.cookies.clear()

    assert WRONG not in client.get(path).content.decode()
    client.post(f"{path}address/", {"email": RIGHT})
    assert User.objects.with_address(WRONG).exists()


def test_guest_cannot_correct_an_address_with_other_bookings(client, event, guest):
    BookingFactory(user=guest)
    done = booked_by_guest(client, event)

    answer = client.post(f"{done.request['PATH_INFO']}address/", {"email": RIGHT})

    assert "contact the organizer" in answer.content.decode()
    assert User.objects.with_keys().get(pk=guest.pk).email == WRONG


def test_confirmed_address_is_not_corrected(client, event):
    """The page looks the same, so that it does not tell who has an account."""
    UserFactory(email=WRONG)
    done = booked_by_guest(client, event)

    answer = client.post(f"{done.request['PATH_INFO']}address/", {"email": RIGHT})

    assert "contact the organizer" in answer.content.decode()
    assert User.objects.with_address(WRONG).exists()
