"""The page of an event: what it offers to whom."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from bookings.factories import BookingFactory
from evently.kept import forget_everything
from evently.tests.sql import run
from events.factories import EventFactory
from waitlists.models import Promotion
from waitlists.tests.helpers import cancel, full_event, join

pytestmark = pytest.mark.django_db(transaction=True)


def page_of(client, event):
    return client.get(reverse("event_detail", args=[event.pk]))


def in_days(days):
    return datetime.now(UTC) + timedelta(days=days)


def test_event_page_offers_seats(client):
    response = page_of(client, EventFactory(priced=20))
    page = response.content.decode()
    assert response.context["availability"].can_book
    assert "Only 10 seats left" in page
    assert '"@type": "Event"' in page


def test_event_page_offers_the_waitlist_once_full(client):
    event, _ = full_event()
    join(event)
    response = page_of(client, event)
    assert response.context["availability"].can_join
    assert "Sold out" in response.content.decode()
    assert "1 on the waitlist" in response.content.decode()


def test_event_page_sells_seats_that_fit_no_waitlist_entry(client):
    event = EventFactory(total_capacity=4)
    BookingFactory(event=event, quantity=2)
    event.refresh_from_db()
    join(event, quantity=3)

    page = page_of(client, event).content.decode()

    assert "Only 2 seats left" in page
    assert "Need more seats?" in page


def test_event_page_shows_seats_held_for_the_waitlist(client):
    event, booking = full_event()
    join(event, quantity=1)
    # Freed by plain SQL, so there is no offer yet.
    run("UPDATE bookings SET status = 'cancelled' WHERE id = %s", booking.pk)

    response = page_of(client, event)

    assert "2 seats left, kept for the waitlist" in response.content.decode()
    assert response.context["availability"].can_join


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
    assert not response.context["availability"].can_book
    assert not response.context["availability"].can_join


def test_event_page_of_a_past_event(client, clock):
    event = EventFactory()
    clock.move(timedelta(days=31))
    assert "This event is over" in page_of(client, event).content.decode()


def test_event_page_is_not_found_for_drafts_and_unknown_ids(client):
    assert page_of(client, EventFactory(published_at=None)).status_code == 404
    for name in ("event_detail", "event_seats", "join_waitlist"):
        assert client.get(reverse(name, args=[uuid4()])).status_code == 404
    assert client.get("/events/1/").status_code == 404


def test_event_page_shows_what_the_user_has(client, user):
    event, booking = full_event()
    join(event, user)
    page = page_of(client, event).content.decode()
    assert "You are at position 1 on the waitlist" in page
    cancel(booking)
    page = page_of(client, event).content.decode()
    assert "held for you" in page
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
    assert "The price has not changed" in page_of(client, event).content.decode()
    for price in (30, 15):
        run("UPDATE events SET current_price = %s WHERE id = %s", price, event.pk)

    chart = page_of(client, event).context["chart"]

    assert chart.drawing.summary == (
        "The price started at €20.00, has changed 2 times and is now €15.00. "
        "It has never been below €15.00 or above €30.00."
    )
    assert [row.price for row in chart.rows] == [15, 30]


def test_event_seats_swaps_the_panel_when_the_offer_changes(client):
    event, booking = full_event()
    url = reverse("event_seats", args=[event.pk])
    same = client.get(url, {"state": "join"})
    assert "HX-Retarget" not in same.headers
    assert "Sold out" in same.content.decode()
    cancel(booking)
    changed = client.get(url, {"state": "join"})
    assert changed.headers["HX-Retarget"] == "#panel"
    assert "How many seats?" in changed.content.decode()


def test_event_page_costs_the_same_for_any_length_of_the_waitlist(client):
    event, _ = full_event()
    counts = []
    for more in (1, 29):
        for _ in range(more):
            join(event)
        forget_everything()
        with CaptureQueriesContext(connection) as queries:
            page_of(client, event)
        counts.append(len(queries))
    # Five of them read what visitors share, in a snapshot.
    assert counts[0] == counts[1] <= 12


def test_event_of_several_days_says_when_it_ends_and_that_it_is_on(client, clock):
    starts = datetime(2099, 7, 1, 8, tzinfo=UTC)
    event = EventFactory(
        name="Festival",
        timezone="Europe/Berlin",
        event_date=starts,
        ends_at=starts + timedelta(days=3, hours=13),
    )
    page = page_of(client, event).content.decode()
    assert ">Saturday 4 July 2099, 23:00</time>" in page
    assert "On now" not in page
    clock.move(starts + timedelta(days=2) - datetime.now(UTC))

    assert "On now" in page_of(client, event).content.decode()
    assert "This event is on now, so bookings are closed." in (
        page_of(client, event).content.decode()
    )
    card = client.get("/", {"date_from": "2099-07-03"}).content.decode()
    assert "Festival" in card
    assert "On now" in card
    assert "Bookings are closed" in card
    assert "Wed 1 Jul, 10:00" in card
    assert ">Sat 4 Jul, 23:00</time>" in card


# ── Contact, links, map ─────────────────────────────────────────────────────
def test_page_links_to_the_organizer_a_map_and_what_the_description_names(client):
    event = EventFactory(
        venue="Old Mill & Barn, Ghent",
        description="More at https://mill.example/x.\nSecond line <b>",
        contact_email="box@mill.example",
        contact_url="https://mill.example/contact",
    )

    page = client.get(f"/events/{event.pk}/").content.decode()

    assert 'href="mailto:box@mill.example?subject=Evening%20' in page
    assert '<a href="https://mill.example/contact" rel="nofollow ugc noopener">' in page
    assert "openstreetmap.org/search?query=Old+Mill+%26+Barn%2C+Ghent" in page
    link = '<a href="https://mill.example/x" rel="nofollow ugc noopener">https://mill.example/x</a>'
    assert f"<p>More at {link}.<br>Second line &lt;b&gt;</p>" in page


def test_page_of_an_online_event_has_no_map(client):
    event = EventFactory(venue="https://meet.example/abc")

    page = client.get(f"/events/{event.pk}/").content.decode()

    assert "openstreetmap" not in page
    assert '<a href="https://meet.example/abc" rel="nofollow ugc noopener">' in page
    assert "Online event" in page


def test_after_a_booking_only_the_seats_are_rendered_again(client):
    event = EventFactory(priced=20, total_capacity=30)
    page_of(client, event)
    BookingFactory(event=event, quantity=2)

    page = page_of(client, event)

    assert "28 seats left" in page.content.decode()
    rendered = {template.name for template in page.templates}
    assert "events/_seats.html" in rendered
    assert rendered.isdisjoint({"events/detail.html", "events/_panel.html", "events/_bar.html"})
