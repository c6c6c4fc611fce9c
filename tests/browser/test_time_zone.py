"""A browser's time zone goes with the form for joining a waitlist; accounts show times in it."""

from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import expect

from bookings.factories import BookingFactory
from evently.accounts.factories import PASSWORD, UserFactory
from evently.accounts.models import UserSession
from events.factories import EventFactory
from tests.browser.conftest import Site
from tests.browser.test_story import fill_in_guest, log_in
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


@pytest.mark.parametrize("profile", ["", "America/Los_Angeles"])
def test_times_of_an_account_are_those_of_the_profile_or_else_of_the_browser(site: Site, profile):
    user = UserFactory(password=PASSWORD, timezone=profile)
    page = site.open(timezone_id="Pacific/Auckland")
    log_in(page, user.email)
    page.goto(f"{site.url}/account/")

    at = UserSession.objects.get().started_at.astimezone(ZoneInfo(profile or "Pacific/Auckland"))

    shown = page.locator("section[aria-labelledby=sessions] time").first
    expect(shown).to_contain_text(f"{at:%a} {at.day} ")
    expect(shown).to_contain_text(f"{at:%H:%M} ")
    expect(shown).not_to_contain_text("UTC")
