"""The Back button after a booking: no page from the cache books again or says what is not true."""

import pytest
from playwright.sync_api import Page, expect

from bookings.models import Booking
from evently.accounts.factories import PASSWORD, UserFactory
from events.factories import EventFactory
from tests.browser.conftest import Site
from tests.browser.test_story import fill_in_guest, log_in

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]

DESKTOP = {"viewport": {"width": 1280, "height": 900}}
PHONE = {"viewport": {"width": 360, "height": 740}, "is_mobile": True, "has_touch": True}


def book(page: Page) -> None:
    page.get_by_role("button", name="Book now").click()


def check_back_asks(page: Page, seats: str) -> None:
    """Go back to the checkout: it knows of the seats, and asks before it books more."""
    expect(page.get_by_role("heading", level=1, name="You are going")).to_be_visible()
    page.go_back()
    expect(page.get_by_text(f"You already have {seats}")).to_be_visible()
    stepper = page.get_by_label("How many seats?")
    assert stepper.input_value() == "2"
    expect(page.get_by_text("2 × €20.00")).to_be_visible()
    assert Booking.objects.count() == 1


@pytest.mark.parametrize("device", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("is_guest", [True, False], ids=["guest", "user"])
def test_back_after_booking_shows_the_seats_and_books_nothing(site: Site, device, is_guest):
    event = EventFactory(priced=20, total_capacity=20)
    user = UserFactory(password=PASSWORD)
    page = site.open(**device)
    if not is_guest:
        log_in(page, user.email)
        expect(page.get_by_role("link", name="Log in")).to_have_count(0)
    page.goto(f"{site.url}/events/{event.pk}/")
    page.goto(f"{site.url}/events/{event.pk}/book/?quantity=2")
    if is_guest:
        fill_in_guest(page, "Ada", "ada@example.org")
    book(page)

    check_back_asks(page, "2 seats")
    page.go_back()
    expect(page.get_by_role("heading", level=1, name=event.name)).to_be_visible()
    page.go_forward()
    expect(page.get_by_text("You already have 2 seats")).to_be_visible()
    assert Booking.objects.count() == 1
