"""An event's page, joining, the receipt, offers; with and without an account."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from bookings.factories import BookingFactory
from bookings.models import Booking
from bookings.operations import Canceller, cancel_booking
from evently.accounts.factories import UserFactory
from evently.accounts.models import User
from evently.links import sign_link
from evently.tests.sql import run
from events.factories import EventFactory
from waitlists import operations
from waitlists.models import EntryStatus, Promotion, PromotionStatus, WaitlistEntry

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def user(client):
    user = UserFactory()
    client.force_login(user)
    return user


def full_event(seats=2, **columns):
    event = EventFactory(total_capacity=seats, **columns)
    booking = BookingFactory(event=event, quantity=seats)
    event.refresh_from_db()
    return event, booking


def wait(event, user=None, quantity=1, **wishes) -> WaitlistEntry:
    return operations.join_waitlist(
        event_id=event.pk, user_id=(user or UserFactory()).pk, quantity=quantity, **wishes
    )


def free(booking):
    cancel_booking(event_id=booking.event_id, booking_id=booking.pk, by=Canceller.ORGANIZER)


def offer_to(user, **columns) -> Promotion:
    event, booking = full_event(**columns)
    wait(event, user, quantity=booking.quantity)
    free(booking)
    return Promotion.objects.select_related("event").get(user_id=user.pk)


def page_of(client, event):
    return client.get(reverse("event_detail", args=[event.pk]))


def in_days(days):
    return datetime.now(UTC) + timedelta(days=days)


# ── An event's page ─────────────────────────────────────────────────────────
def test_event_page_offers_seats(client):
    response = page_of(client, EventFactory(priced=20))
    page = response.content.decode()
    assert response.context["standing"].can_book
    assert "Only 10 seats left" in page
    assert '"@type": "Event"' in page


def test_event_page_offers_the_line_once_full(client):
    event, _ = full_event()
    wait(event)
    response = page_of(client, event)
    assert response.context["standing"].can_join
    assert "Sold out" in response.content.decode()
    assert "1 in line" in response.content.decode()


def test_event_page_sells_what_is_too_little_for_the_line(client):
    event = EventFactory(total_capacity=4)
    BookingFactory(event=event, quantity=2)
    event.refresh_from_db()
    wait(event, quantity=3)

    page = page_of(client, event).content.decode()

    assert "Only 2 seats left" in page
    assert "You need more?" in page


def test_event_page_tells_seats_kept_for_the_line(client):
    event, booking = full_event()
    wait(event, quantity=1)
    # Freed by plain SQL: nobody has been asked yet.
    run("UPDATE bookings SET status = 'cancelled' WHERE id = %s", booking.pk)

    response = page_of(client, event)

    assert "2 left, kept for the line" in response.content.decode()
    assert response.context["standing"].can_join


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ({"status": "cancelled"}, "This event is cancelled"),
        ({"sales_start_at": in_days(3)}, "Bookings open on"),
        ({"sales_end_at": datetime.now(UTC) - timedelta(seconds=1)}, "are closed"),
    ],
)
def test_event_page_says_why_nothing_can_be_booked(client, columns, words):
    response = page_of(client, EventFactory(**columns))
    assert words in response.content.decode()
    assert not response.context["standing"].can_book
    assert not response.context["standing"].can_join


def test_event_page_of_a_past_event(client, clock):
    event = EventFactory()
    clock.move(timedelta(days=31))
    assert "This event is over" in page_of(client, event).content.decode()


def test_event_page_is_not_there_for_drafts_and_strangers_ids(client):
    assert page_of(client, EventFactory(published_at=None)).status_code == 404
    for name in ("event_detail", "event_seats", "join_waitlist"):
        assert client.get(reverse(name, args=[uuid4()])).status_code == 404
    assert client.get("/events/1/").status_code == 404


def test_event_page_shows_what_the_reader_has(client, user):
    event, booking = full_event()
    wait(event, user)
    page = page_of(client, event).content.decode()
    assert "You are 1st in line" in page
    free(booking)
    page = page_of(client, event).content.decode()
    assert "kept for you" in page
    assert reverse("promotion", args=[Promotion.objects.get().pk]) in page


def test_event_page_escapes_what_organizers_write(client):
    event = EventFactory(
        name="</script><script>alert(1)</script>", description="<img src=x onerror=alert(1)>"
    )
    page = page_of(client, event).content.decode()
    assert "<script>alert" not in page
    assert "<img src=x" not in page


def test_event_page_draws_the_price_history(client):
    event = EventFactory(priced=20)
    assert "It has not" in page_of(client, event).content.decode()
    for price in (30, 15):
        run("UPDATE events SET current_price = %s WHERE id = %s", price, event.pk)

    chart = page_of(client, event).context["chart"]

    assert chart["summary"] == (
        "The price began at €20.00, changed 2 times and is €15.00 now; "
        "it was never below €15.00 or above €30.00."
    )
    assert [row["price"] for row in chart["rows"]] == [15, 30]


def test_event_seats_swaps_the_panel_when_the_offer_changes(client):
    event, booking = full_event()
    url = reverse("event_seats", args=[event.pk])
    same = client.get(url, {"state": "join"})
    assert "HX-Retarget" not in same.headers
    assert "Sold out" in same.content.decode()
    free(booking)
    changed = client.get(url, {"state": "join"})
    assert changed.headers["HX-Retarget"] == "#panel"
    assert "How many seats?" in changed.content.decode()


def test_event_page_costs_the_same_however_long_the_line(client):
    event, _ = full_event()
    counts = []
    for more in (1, 29):
        for _ in range(more):
            wait(event)
        with CaptureQueriesContext(connection) as queries:
            page_of(client, event)
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 5


# ── Joining ─────────────────────────────────────────────────────────────────
def join(client, event, **fields):
    form = client.get(reverse("join_waitlist", args=[event.pk])).context["form"]
    data = {"idempotency_key": form["idempotency_key"].value(), "quantity": "1", **fields}
    return client.post(reverse("join_waitlist", args=[event.pk]), data), data


def test_joining_puts_somebody_in_line_once(client, user):
    event, _ = full_event()

    response, data = join(client, event, quantity="2", min_quantity="1")
    again = client.post(reverse("join_waitlist", args=[event.pk]), data)

    entry = WaitlistEntry.objects.get()
    assert (entry.user_id, entry.quantity, entry.min_quantity) == (user.pk, 2, 1)
    assert response.url == again.url == reverse("waitlist_entry", args=[entry.pk])
    assert "1st" in client.get(response.url).content.decode()


def test_joining_as_a_guest_says_the_same_to_who_waits_already(client):
    event, _ = full_event()
    first, _ = join(client, event, name="Ada", email="ada@example.org")
    second, _ = join(client, event, name="Ada", email="ada@example.org")
    assert first.status_code == second.status_code == 200
    assert first.content == second.content
    assert WaitlistEntry.objects.count() == 1
    assert client.get(reverse("my_waitlists")).status_code == 302


def test_joining_as_a_guest_tells_no_stranger_who_has_seats_or_waits(client):
    def answer(event, email):
        response, _ = join(client, event, name="Ada", email=email)
        return response.status_code, response.content.decode().replace(email, "")

    full, booking = full_event(max_per_person=2)
    assert answer(full, booking.user.email) == answer(full, "nobody@example.org")

    on_sale = EventFactory(max_per_person=2)
    booked = BookingFactory(event=on_sale, quantity=2).user.email
    assert answer(on_sale, booked)[0] == answer(on_sale, "other@example.org")[0] == 409


def test_joining_while_seats_are_on_sale_leads_to_booking(client, user):
    event = EventFactory()
    response, _ = join(client, event, quantity="2")
    assert response.status_code == 409
    assert f"{reverse('book', args=[event.pk])}?quantity=2" in response.content.decode()


def test_joining_twice_leads_to_the_place_in_line(client, user):
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
def test_joining_refuses_nonsense(client, user, fields, where):
    event, _ = full_event()
    response, _ = join(client, event, **fields)
    assert response.status_code == 422
    assert where in response.context["form"].errors
    assert WaitlistEntry.objects.count() == 0


@pytest.mark.parametrize("quantity", ["0", "99", "x", "9" * 50, "²", "😀"])
def test_join_page_bears_any_number(client, quantity):
    event, _ = full_event()
    url = reverse("join_waitlist", args=[event.pk])
    assert client.get(url, {"quantity": quantity}).status_code == 200


def test_joining_what_is_over_is_refused_plainly(client, user, clock):
    event, _ = full_event()
    clock.move(timedelta(days=31))
    response, _ = join(client, event)
    assert response.status_code == 409
    assert "are closed" in response.content.decode()


# ── The receipt ─────────────────────────────────────────────────────────────
def steps_of(client, entry) -> list[str]:
    response = client.get(reverse("waitlist_entry", args=[entry.pk]))
    assert response.status_code == 200
    return [step["title"] for step in response.context["steps"]]


def test_receipt_tells_facts_newest_first(client, user):
    event, booking = full_event(seats=3)
    entry = wait(event, user, quantity=3)
    operations.set_priority(event_id=event.pk, entry_id=entry.pk, score=5, reason="Wheelchair")

    titles = steps_of(client, entry)
    assert titles == [
        "You are number 1 in line now",
        "The organizer changed your place in line",
        "You joined the line",
    ]
    free(booking)
    assert "3 seats were kept for you" in steps_of(client, entry)
    page = client.get(reverse("waitlist_entry", args=[entry.pk])).content.decode()
    assert "Wheelchair" in page
    assert "3 seats came back in the last 14 days." in page


def test_receipt_tells_why_one_moved_up(client, user):
    event = EventFactory(total_capacity=2)
    first, _ = (BookingFactory(event=event) for _ in range(2))
    event.refresh_from_db()
    leaver = [wait(event) for _ in range(2)][1]
    entry = wait(event, user)
    free(first)
    operations.leave_waitlist(event_id=event.pk, entry_id=leaver.pk)
    assert steps_of(client, entry) == [
        "You are number 1 in line now",
        "1 person before you left the line, and you moved up",
        "1 person before you was asked, and you moved up",
        "You joined the line",
    ]


def test_receipt_tells_being_passed_over(client, user):
    event = EventFactory(total_capacity=3)
    BookingFactory(event=event, quantity=2)
    last = BookingFactory(event=event, quantity=1)
    event.refresh_from_db()
    entry = wait(event, user, quantity=2)
    wait(event, quantity=1)
    free(last)
    assert "Too few seats came back for you, once" in steps_of(client, entry)


def test_leaving_asks_first(client, user):
    event, _ = full_event()
    entry = wait(event, user)
    url = reverse("leave_waitlist", args=[entry.pk])
    assert client.get(url).status_code == 200
    assert WaitlistEntry.objects.get().is_waiting
    assert client.post(url).status_code == 302
    assert WaitlistEntry.objects.get().status == EntryStatus.LEFT
    assert client.post(url).status_code == 409
    assert "You left the line" in steps_of(client, entry)


def test_leaving_and_joining_again_with_one_tap(client, user):
    event, _ = full_event()
    entry = wait(event, user, quantity=2, min_quantity=1)
    operations.leave_waitlist(event_id=event.pk, entry_id=entry.pk)
    page = client.get(reverse("waitlist_entry", args=[entry.pk]))
    data = {
        "idempotency_key": page.context["form"]["idempotency_key"].value(),
        "quantity": "2",
        "min_quantity": "1",
    }
    assert client.post(reverse("join_waitlist", args=[event.pk]), data).status_code == 302
    assert WaitlistEntry.objects.get().is_waiting


def test_other_peoples_places_and_offers_are_not_there(client, user):
    offer = offer_to(UserFactory())
    for name in ("waitlist_entry", "leave_waitlist"):
        assert client.get(reverse(name, args=[offer.waitlist_id])).status_code == 404
    assert client.post(reverse("leave_waitlist", args=[offer.waitlist_id])).status_code == 404
    assert client.get(reverse("promotion", args=[offer.pk])).status_code == 404
    for name in ("accept_promotion", "decline_promotion"):
        assert client.post(reverse(name, args=[offer.pk])).status_code == 404
        assert client.get(reverse(name, args=[offer.pk])).status_code == 404
    offer.refresh_from_db()
    assert offer.is_pending


def test_my_waitlists_costs_the_same_for_one_and_many(client, user):
    counts = []
    for more in (1, 15):
        for _ in range(more):
            wait(full_event()[0], user)
        with CaptureQueriesContext(connection) as queries:
            assert client.get("/waitlists/").status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 7


# ── Offers ──────────────────────────────────────────────────────────────────
def test_offer_is_claimed_once(client, user):
    offer = offer_to(user, priced=20)
    shown = client.get(reverse("promotion", args=[offer.pk]))
    assert "2 seats are kept for you" in shown.content.decode()
    data = {"idempotency_key": shown.context["idempotency_key"]}

    first = client.post(reverse("accept_promotion", args=[offer.pk]), data)
    second = client.post(reverse("accept_promotion", args=[offer.pk]), data)

    booking = Booking.objects.get(user_id=user.pk)
    assert first.url == second.url == reverse("booking_done", args=[booking.pk])
    another = client.post(reverse("accept_promotion", args=[offer.pk]), {"idempotency_key": "x"})
    assert another.status_code == 409
    assert "You claimed these seats" in another.content.decode()


def test_offer_answered_after_logging_in_again_leads_back_to_it(client):
    reader = UserFactory()
    offer = offer_to(reader)
    url = reverse("accept_promotion", args=[offer.pk])
    assert client.post(url).url == f"{reverse('log_in')}?next={url}"
    client.force_login(reader)
    assert client.get(url).url == reverse("promotion", args=[offer.pk])
    offer.refresh_from_db()
    assert offer.is_pending


def test_offer_past_its_time_is_refused_and_says_what_to_do(client, user, clock):
    offer = offer_to(user)
    clock.move(timedelta(days=5))
    response = client.post(reverse("accept_promotion", args=[offer.pk]))
    page = response.content.decode()
    assert response.status_code == 409
    assert "This offer has run out" in page
    assert reverse("join_waitlist", args=[offer.event_id]) in page


def test_offer_declined_goes_to_the_next(client, user):
    offer = offer_to(user, seats=1)
    other = wait(offer.event)
    assert client.post(reverse("decline_promotion", args=[offer.pk])).status_code == 302
    assert Promotion.objects.get(waitlist_id=other.pk).is_pending
    assert (
        "You let this offer pass"
        in client.get(reverse("promotion", args=[offer.pk])).content.decode()
    )


def test_mailed_link_shows_an_offer_and_its_button_claims(client):
    offer = offer_to(UserFactory())
    token = sign_link(purpose="promotion", row_id=offer.pk, event_id=offer.event_id)
    shown = client.get(f"/p/{token}/")
    assert shown.headers["Referrer-Policy"] == "same-origin"
    assert "no-store" in shown.headers["Cache-Control"]
    offer.refresh_from_db()
    assert offer.is_pending, "opening a link shows"

    claimed = client.post(f"/p/{token}/accept/", {"idempotency_key": "k"})

    assert claimed.url.startswith("/b/")
    assert "You are going" in client.get(claimed.url).content.decode()
    offer.refresh_from_db()
    assert offer.status == PromotionStatus.USED
    assert client.get(reverse("my_bookings")).status_code == 302, "nobody is logged in by it"


def test_mailed_link_shows_a_place_in_line_and_leaves_it(client):
    event, _ = full_event()
    entry = wait(event)
    token = sign_link(purpose="entry", row_id=entry.pk, event_id=event.pk)
    assert "1st" in client.get(f"/w/{token}/").content.decode()
    assert client.get(f"/w/{token}/leave/").status_code == 200
    assert client.post(f"/w/{token}/leave/").status_code == 302
    assert WaitlistEntry.objects.get().status == EntryStatus.LEFT


# ── Leaving Evently ─────────────────────────────────────────────────────────
def test_leaving_evently_takes_a_typed_word(client, user):
    booking = BookingFactory(user=user)
    url = reverse("leave_evently")
    assert client.get(url).status_code == 200
    assert client.post(url, {"word": "yes"}).status_code == 422
    assert User.objects.get(pk=user.pk).is_active

    assert client.post(url, {"word": "delete"}).status_code == 200

    gone = User.objects.with_keys().get(pk=user.pk)
    assert (gone.is_active, gone.email) == (False, "")
    assert Booking.objects.get(pk=booking.pk).is_cancelled
    assert client.get(reverse("account")).status_code == 302
