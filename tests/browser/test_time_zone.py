"""A browser's time zone goes with the form for joining a waitlist."""

import pytest
from playwright.sync_api import expect

from bookings.factories import BookingFactory
from events.factories import EventFactory
from tests.browser.conftest import Site
from tests.browser.test_story import fill_in_guest
from waitlists.models import WaitlistEntry

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]


@pytest.mark.parametrize(
    ("options", "stored"),
    [
        ({"timezone_id": "Pacific/Auckland"}, "Pacific/Auckland"),
        ({"timezone_id": "Pacific/Auckland", "java_script_enabled": False}, ""),
    ],
)
def test_joining_sends_the_time_zone_of_the_browser(site: Site, options, stored):
    event = EventFactory(total_capacity=1)
    BookingFactory(event=event)
    page = site.open(**options)
    page.goto(f"{site.url}/events/{event.pk}/join/")
    fill_in_guest(page, "Ada", "ada@example.org")
    page.get_by_role("button", name="Join the waitlist").click()
    expect(page.get_by_text("ada@example.org")).to_be_visible()
    assert WaitlistEntry.objects.get().timezone == stored
