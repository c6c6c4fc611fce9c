"""Names, venues and links without a blank: no page gets wider than a phone."""

import pytest

from bookings.factories import BookingFactory
from evently.accounts.factories import PASSWORD, OrganizerFactory, UserFactory
from evently.tests.sql import run
from events.factories import EventFactory
from tests.browser.conftest import Site
from tests.browser.test_accessibility import pages_of_everybody, pages_of_reader
from tests.browser.test_story import log_in

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]

WIDTHS, HEIGHT = (360, 320), 780
LONG = "W" * 255
URL = "https://example.org/" + "a-long-path/" * 18
LISTS = (
    "",
    "events/event/",
    "bookings/booking/",
    "bookings/bookingattempt/",
    "waitlists/waitlistentry/",
)


def lengthen_events() -> None:
    """Give all events a name, venue, description and reason without blanks."""
    run(
        "UPDATE events SET name = %s, venue = %s, description = %s, refund_policy = %s,"
        " payment_instructions = %s, cancel_reason = %s",
        *(LONG, URL, f"{URL}\n\n{LONG}", LONG, URL, LONG),
    )
    run("UPDATE bookings SET cancel_reason = %s WHERE status = 'cancelled'", LONG)


def test_pages_are_as_wide_as_the_phone(site: Site) -> None:
    organizer = OrganizerFactory(name="O" * 255, password=PASSWORD)
    event = EventFactory(priced=20, total_capacity=60, created_by=organizer)
    reader = UserFactory(name="N" * 255, password=PASSWORD)
    BookingFactory(event=event, user=reader)
    public, private = pages_of_everybody(event), pages_of_reader(event, reader)
    lengthen_events()
    options = {"viewport": {"width": WIDTHS[0], "height": HEIGHT}, "is_mobile": True}

    visitor = site.open(**options)
    wide = too_wide(site, visitor, public)
    log_in(visitor, reader.email)
    visitor.wait_for_url(f"{site.url}/**")
    wide += too_wide(site, visitor, private)
    staff = site.open(**options)
    log_in(staff, organizer.email)
    staff.wait_for_url(f"{site.url}/**")
    wide += too_wide(site, staff, {f"admin {name}": f"/admin/{name}" for name in LISTS})

    assert wide == []


def too_wide(site: Site, page, pages: dict[str, str]) -> list[str]:
    """Return the pages that are wider than a phone, with what sticks out of it."""
    found = []
    for name, path in pages.items():
        page.goto(site.url + path)
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": HEIGHT})
            wide = page.evaluate("document.documentElement.scrollWidth")
            if wide > width:
                out = page.evaluate(
                    "width => [...document.body.querySelectorAll('*')]"
                    ".filter(one => one.getBoundingClientRect().right > width + 1)"
                    ".map(one => one.tagName + '.' + one.className).slice(-3)",
                    width,
                )
                found.append(f"{name}: {wide} px of {width}: {out}")
    return found
