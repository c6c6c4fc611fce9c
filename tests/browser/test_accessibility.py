"""Every page of attendees: nothing for axe to find, nothing wider than the screen.

With SCREENSHOTS=true, what the pages look like is left in screenshots/, which git ignores.
"""

from datetime import timedelta
from urllib.parse import urlsplit

import pytest

from bookings.factories import BookingFactory
from bookings.models import Booking
from bookings.operations import Canceller, cancel_booking
from evently.accounts import links
from evently.accounts.factories import PASSWORD, UserFactory
from evently.links import sign_link
from evently.tests.sql import run
from events.factories import EventFactory
from events.models import Event
from notifications.kinds.events import EVENT_CHANGED
from notifications.unsubscribing.tokens import unsubscribe_url
from tests.browser.conftest import Site, photograph, violations
from tests.browser.test_story import log_in
from waitlists.models import Promotion, WaitlistEntry
from waitlists.operations import confirm_entry, decline_promotion, join_waitlist

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]

TEXT = "Four musicians, two hundred candles, and a windmill from 1770.\n\nThe stairs are steep."

WITH_LINKS = (
    "See https://venue.example/a-long-path/to/what-happened?and=why or ask box@venue.example"
)


def event_with_waitlist(reader, seats: int = 2, name: str = "Candlelight Quartet") -> Event:
    """Make an event that is full, with three entries before the user's."""
    event = EventFactory(
        name=name,
        description=TEXT,
        total_capacity=seats,
        priced=32,
        timezone="Europe/Brussels",
    )
    BookingFactory(event=event, quantity=seats)
    for _ in range(3):
        join(event, UserFactory(), seats)
    join(event, reader, seats, min_quantity=1)
    return event


def join(event, user, quantity, **options) -> WaitlistEntry:
    event.refresh_from_db()
    return join_waitlist(
        event_id=event.pk,
        user_id=user.pk,
        quantity=quantity,
        unit_price=event.current_price,
        **options,
    )


def offer(reader) -> Promotion:
    """Make an offer to the reader."""
    event = EventFactory(name="Old Town by Night", total_capacity=2, priced=24)
    booking = BookingFactory(event=event, quantity=2)
    entry = join(event, reader, 2)
    # The reader's address is not confirmed.
    confirm_entry(event_id=event.pk, entry_id=entry.pk)
    cancel_booking(event_id=event.pk, booking_id=booking.pk, by=Canceller.ORGANIZER)
    return Promotion.objects.get(user_id=reader.pk, event_id=event.pk)


def declined(reader) -> Promotion:
    """Make an offer that the reader let pass."""
    promotion = offer(reader)
    decline_promotion(event_id=promotion.event_id, promotion_id=promotion.pk)
    return promotion


def pages_of_everybody(event: Event) -> dict[str, str]:
    """Return the pages that need no log-in, by name."""
    full = event_with_waitlist(UserFactory(), name="Sold out, with a waitlist")
    closed = event_with_waitlist(UserFactory(), name="Waitlist closed")
    run("UPDATE events SET sales_end_at = now() WHERE id = %s", closed.pk)
    off = EventFactory(name="Open-Air Cinema", status="cancelled", description=TEXT)
    run("UPDATE events SET cancel_reason = %s WHERE id = %s", WITH_LINKS, off.pk)
    contact = {"contact_email": "box@venue.example", "contact_url": "https://venue.example/ask"}
    reachable = EventFactory(description=WITH_LINKS, refund_policy=WITH_LINKS, **contact)
    online = EventFactory(venue="https://meet.example/a-rather-long-name-of-a-room?with=query")
    later = EventFactory(sales_start_at=event.event_date - timedelta(days=9), description=TEXT)
    person = UserFactory()
    unproven = UserFactory(email_verified_at=None, password=PASSWORD)
    without_password = UserFactory(email_verified_at=None)
    guest = BookingFactory(event=event, quantity=2)
    token = sign_link(purpose="booking", row_id=guest.pk, event_id=event.pk)
    return {
        "home": "/",
        "home-found": "/?search=quart&available=on",
        "home-nothing": "/?search=zebra",
        "home-wrong": "/?date_from=2030-02-02&date_to=2030-02-01",
        "event": f"/events/{event.pk}/",
        "event-full": f"/events/{full.pk}/",
        "event-cancelled": f"/events/{off.pk}/",
        "event-reachable": f"/events/{reachable.pk}/",
        "event-online": f"/events/{online.pk}/",
        "event-later": f"/events/{later.pk}/",
        "checkout": f"/events/{event.pk}/book/?quantity=2",
        "checkout-wrong": f"/events/{event.pk}/book/?quantity=99",
        "checkout-closed": f"/events/{off.pk}/book/",
        "join": f"/events/{full.pk}/join/",
        "how-the-waitlist-works": "/how-the-waitlist-works/",
        "record": f"/events/{closed.pk}/record/",
        "guest-done": f"/b/{token}/done/",
        "guest-booking": f"/b/{token}/",
        "guest-messages": f"/b/{token}/messages/",
        "log-in": "/log-in/",
        "log-in-link": "/log-in/link/",
        "sign-up": "/sign-up/",
        "password": "/account/password/",
        "password-new": f"/account/password/{links.password_reset_token(person)}/",
        "verify": f"/account/verify/{links.verification_token(unproven)}/",
        "verify-anew": f"/account/verify/{links.verification_token(without_password)}/",
        "verified": f"/account/verify/{links.verification_token(person)}/",
        "enter-unproven": f"/account/enter/{links.login_token(unproven)}/",
        "unsubscribe": urlsplit(unsubscribe_url(person, EVENT_CHANGED, event.pk)).path,
        "link-broken": "/b/broken/",
        "not-found": "/nothing-here/",
    }


def pages_of_reader(event: Event, reader) -> dict[str, str]:
    """Return the pages of a logged-in user, by name."""
    booking = BookingFactory(event=event, user=reader, quantity=2)
    waiting = event_with_waitlist(reader)
    kept, passed = offer(reader), declined(reader)
    entry = WaitlistEntry.objects.get(event=waiting, user=reader)
    off = BookingFactory(user=reader, event=EventFactory(name="Letterpress Evening"))
    Booking.objects.filter(pk=off.pk).update(
        status="cancelled", cancelled_by=Canceller.ORGANIZER, cancel_reason=WITH_LINKS
    )
    gone = BookingFactory(user=reader, event=EventFactory(name="Storm festival", priced=9))
    run(
        "UPDATE events SET status = 'cancelled', cancel_reason = 'Storm' WHERE id = %s",
        gone.event_id,
    )
    ticket = gone.tickets.get(event_id=gone.event_id)
    token = sign_link(purpose="ticket", row_id=ticket.pk, event_id=gone.event_id)
    return {
        "my-bookings": "/bookings/",
        "my-bookings-past": "/bookings/?past=1",
        "booking": f"/bookings/{booking.pk}/",
        "booking-done": f"/bookings/{booking.pk}/done/",
        "booking-cancel": f"/bookings/{booking.pk}/cancel/",
        "booking-hand-over": f"/bookings/{booking.pk}/hand-over/",
        "booking-cancelled": f"/bookings/{off.pk}/",
        "booking-event-cancelled": f"/bookings/{gone.pk}/",
        "event-cancelled-mine": f"/events/{gone.event_id}/",
        "ticket-cancelled": f"/t/{token}/",
        "my-waitlists": "/waitlists/",
        "entry": f"/waitlists/{entry.pk}/",
        "entry-offered": f"/waitlists/{kept.waitlist_id}/",
        "entry-left": f"/waitlists/{passed.waitlist_id}/",
        "leave-waitlist": f"/waitlists/{entry.pk}/leave/",
        "promotion": f"/promotions/{kept.pk}/",
        "promotion-passed": f"/promotions/{passed.pk}/",
        "event-mine": f"/events/{event.pk}/",
        "event-waiting": f"/events/{waiting.pk}/",
        "event-offered": f"/events/{kept.event_id}/",
        "checkout-mine": f"/events/{event.pk}/book/",
        "inbox": "/notifications/",
        "message-settings": "/notifications/settings/",
        "event-messages": f"/events/{event.pk}/messages/",
        "account": "/account/",
        "account-delete": "/account/delete/",
    }


# Colours go by theme and layout by width, so two of the four say all.
@pytest.mark.parametrize(("width", "theme"), [(1280, "light"), (375, "dark")])
def test_pages_are_fit_for_everybody(site: Site, width: int, theme: str) -> None:
    event = EventFactory(
        name="Late Quartet", description=TEXT, priced=20, total_capacity=60, timezone="Europe/Paris"
    )
    for price in (26, 22):
        run("UPDATE events SET current_price = %s WHERE id = %s", price, event.pk)
    reader = UserFactory(name="Ada Lovelace", password=PASSWORD, email_verified_at=None)
    options = {"viewport": {"width": width, "height": 820}, "color_scheme": theme}

    stranger = site.open(**options)
    found = look_at(site, stranger, pages_of_everybody(event), f"{width}-{theme}")
    log_in(stranger, reader.email)
    stranger.wait_for_url(f"{site.url}/**")
    found += look_at(site, stranger, pages_of_reader(event, reader), f"{width}-{theme}")

    assert found == []


def look_at(site: Site, page, pages: dict[str, str], suffix: str) -> list[str]:
    """Open pages, photograph them, and return what is wrong with them."""
    found = []
    for name, path in pages.items():
        page.goto(site.url + path)
        found += look_at_page(page, f"{name}-{suffix}")
    return found


def look_at_page(page, name: str) -> list[str]:
    """Photograph the page that is open, and return what is wrong with it, unfolded."""
    page.evaluate("document.querySelectorAll('figure details').forEach((part) => part.open = true)")
    photograph(page, name)
    widest, screen = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    too_wide = [f"{name}: {widest} px wide on a screen of {screen}"] if widest > screen else []
    return violations(page) + too_wide
