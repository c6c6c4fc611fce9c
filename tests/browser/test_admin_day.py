"""An organizer's day in the admin, in Chromium: make, publish, watch, reorder, cancel."""

import pytest
from playwright.sync_api import Page, expect

from bookings.factories import BookingFactory
from boxoffice.lifecycle.operations import continue_cancellation
from evently.accounts.factories import PASSWORD, OrganizerFactory
from events.factories import EventFactory
from events.models import Event
from tests.browser.conftest import Site
from waitlists.factories import WaitlistEntryFactory

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]


def log_in(site: Site, **options) -> Page:
    """Open the admin as an organizer."""
    page = site.open(path="/admin/", **options)
    page.get_by_label("Email address").fill("olive@example.org")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("heading", name="Highest demand")).to_be_visible()
    return page


def save(page: Page) -> None:
    page.get_by_role("button", name="Save", exact=True).click()


def fill_in(page: Page) -> None:
    """Fill in the form of a new event, which ends before it starts."""
    page.get_by_label("Name").fill("Kite Workshop")
    page.get_by_label("Venue").fill("Beach House, Ostend")
    page.get_by_label("Time zone").fill("Europe/Brussels")
    page.get_by_label("Starts").fill("2099-05-08T14:00")
    page.get_by_label("Ends").fill("2099-05-08T12:00")
    page.get_by_label("Seats", exact=False).first.fill("2")
    page.get_by_text("Price and payment").click()
    page.get_by_label("Base price").fill("15")


@pytest.mark.parametrize("color_scheme", ["light", "dark"])
def test_organizers_day(site: Site, color_scheme: str) -> None:
    OrganizerFactory(email="olive@example.org", name="Olive", password=PASSWORD)
    page = log_in(site, color_scheme=color_scheme)

    page.get_by_role("link", name="Create one").click()
    fill_in(page)
    save(page)
    expect(page.get_by_text("The event must not end before it starts.").first).to_be_visible()
    page.get_by_role("link", name="Ends").click()
    page.get_by_label("Ends").fill("2099-05-08T17:00")
    save(page)
    expect(page.get_by_text("Kite Workshop is saved as a draft.")).to_be_visible()
    page.get_by_role("link", name="Publish").click()
    page.get_by_role("button", name="Publish").click()
    expect(page.get_by_text("Kite Workshop is now public.")).to_be_visible()

    event = Event.objects.get()
    booking = BookingFactory(event=event, quantity=2)
    WaitlistEntryFactory(event=event, user__name="Wanda Waits")
    page.reload()
    expect(page.get_by_label("Figures")).to_contain_text("€30.00")
    tabs = page.get_by_role("navigation", name="Pages about Kite Workshop")
    tabs.get_by_role("link", name="Waitlist").click()
    expect(page.get_by_text("Wanda Waits")).to_be_visible()
    tabs.get_by_role("link", name="Attendees").click()
    booking.refresh_from_db()
    page.get_by_role("link", name=booking.booking_reference, exact=True).click()
    page.get_by_role("link", name="Cancel booking").click()
    page.get_by_label("Reason").fill("The second kite is broken")
    page.get_by_role("button", name="Cancel booking").click()
    expect(page.get_by_text("1 booking cancelled.")).to_be_visible()
    tabs.get_by_role("link", name="Waitlist").click()
    expect(page.get_by_role("row", name="Wanda Waits").last).to_contain_text("open")

    tabs.get_by_role("link", name="Overview").click()
    page.get_by_role("link", name="Cancel event").click()
    page.get_by_label("Reason").fill("No wind")
    page.get_by_role("button", name="Cancel the event").click()
    expect(page.get_by_role("heading", name="Being cancelled")).to_be_visible()
    continue_cancellation(event_id=event.pk)
    page.reload()
    expect(page.get_by_role("heading", name="Cancelled")).to_be_visible()
    tabs.get_by_role("link", name="Activity").click()
    expect(page.get_by_text("cancelled the event").first).to_be_visible()


def test_second_editor_is_shown_both_values(site: Site) -> None:
    olive = OrganizerFactory(email="olive@example.org", name="Olive", password=PASSWORD)
    event = EventFactory(name="Fair", created_by=olive)
    first, second = log_in(site), log_in(site)
    for page in (first, second):
        page.goto(f"{site.url}/admin/events/event/{event.pk}/change/")
    first.get_by_label("Venue").fill("New Mill, Ghent")
    first.get_by_label("Name").fill("Autumn Fair")
    save(first)
    expect(first.get_by_role("heading", name="Autumn Fair").first).to_be_visible()

    second.get_by_label("Name").fill("Winter Fair")
    save(second)
    expect(second.get_by_text("Olive saved changes on").first).to_be_visible()
    expect(
        second.get_by_text(
            "Another person entered “Autumn Fair”. Your value is in the field."
        ).first
    ).to_be_visible()
    expect(second.get_by_label("Venue")).to_have_value("New Mill, Ghent")
    save(second)

    expect(second.get_by_role("heading", name="Winter Fair").first).to_be_visible()
    event.refresh_from_db()
    assert (event.name, event.venue) == ("Winter Fair", "New Mill, Ghent")
