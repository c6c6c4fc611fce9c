"""The main job as one story, as attendees see it: in Chromium, with scripts and without."""

from datetime import timedelta
from decimal import Decimal

import pytest
from playwright.sync_api import Page, expect

from evently.accounts.factories import PASSWORD, OrganizerFactory, UserFactory
from evently.database.clock import now
from evently.tests.rows import check_everything
from events.models import Event
from events.operations import create_event, publish_event
from tests.browser.conftest import Site
from waitlists.tasks import expire_promotions

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]

ADA, BEN, CLEO, DAN = (f"{name}@example.org" for name in ("ada", "ben", "cleo", "dan"))


def publish(seats: int) -> Event:
    """Publish an event, as an organizer."""
    organizer = OrganizerFactory(name="Mira")
    event = create_event(
        by_id=organizer.pk,
        name="Night of short films",
        description="Forty very short films, and one long one.",
        venue="Kino Babylon, Berlin",
        event_date=now() + timedelta(days=20),
        timezone="Europe/Berlin",
        total_capacity=seats,
        base_price=Decimal("12.50"),
        payment_mode="door",
    )
    return publish_event(event_id=event.pk)


def find(page: Page, event: Event) -> None:
    """Search for the event, and open its page."""
    page.get_by_label("Search by name, venue or topic").fill("short fil")
    page.get_by_role("button", name="Search", exact=True).click()
    expect(page.get_by_role("heading", name="Results for “short fil”")).to_be_visible()
    page.get_by_role("link", name=event.name).click()
    expect(page.get_by_role("heading", level=1, name=event.name)).to_be_visible()


def fill_in_guest(page: Page, name: str, email: str) -> None:
    """Say who one is, without an account."""
    page.get_by_label("Your name").fill(name)
    page.get_by_label("Email address").fill(email)


def log_in(page: Page, email: str) -> None:
    """Come in by password."""
    page.get_by_role("link", name="Log in").first.click()
    page.get_by_label("Email address").fill(email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("main").get_by_role("button", name="Log in").click()


def says(page: Page, text: str) -> None:
    """Wait until the page says something."""
    expect(page.get_by_text(text).first).to_be_visible()


def join_waitlist_as_guest(site: Site, event: Event, name: str, email: str, **options) -> None:
    """Join the waitlist from the event's page, without an account."""
    page = site.open(path=f"/events/{event.pk}/", **options)
    says(page, "Sold out")
    page.get_by_role("link", name="Join the waitlist").first.click()
    fill_in_guest(page, name, email)
    page.get_by_role("main").get_by_role("button", name="Join the waitlist").click()
    # The page is the same for every email address; the email tells more.
    expect(page.get_by_role("heading", name="Check your email")).to_be_visible()


def confirm_place(site: Site, email: str, **options) -> None:
    """Confirm a place by its emailed link: opening it shows, the button confirms."""
    site.deliver_emails()
    page = site.open(path=site.link_in_email(email, "w"), **options)
    page.get_by_role("button", name="Confirm my place").click()
    says(page, "Your place is confirmed")


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
def test_story_from_publishing_to_the_claimed_seat(site: Site, clock, scripts: bool) -> None:
    browser = {"java_script_enabled": scripts}
    event = publish(seats=2)

    # Ada finds the event and books it full, without an account.
    ada = site.open(**browser)
    find(ada, event)
    ada.get_by_label("How many seats?").fill("2")
    ada.get_by_role("main").get_by_role("button", name="Book").click()
    says(ada, "You will pay at most €25.00.")
    fill_in_guest(ada, "Ada", ADA)
    ada.get_by_role("button", name="Book now").click()
    expect(ada.get_by_role("heading", name="You are going")).to_be_visible()
    says(ada, "€25.00 due at the entrance")
    ada.get_by_role("link", name="Show my tickets").click()
    expect(ada.get_by_role("img", name="QR code of ticket 2")).to_be_visible()

    # The next attendees join the waitlist: Ben and Dan as guests, Cleo with her account.
    join_waitlist_as_guest(site, event, "Ben", BEN, **browser)
    confirm_place(site, BEN, **browser)
    UserFactory(email=CLEO, name="Cleo", password=PASSWORD)
    cleo = site.open(path=f"/events/{event.pk}/", **browser)
    log_in(cleo, CLEO)
    cleo.goto(f"{site.url}/events/{event.pk}/")
    cleo.get_by_role("link", name="Join the waitlist").first.click()
    cleo.get_by_role("main").get_by_role("button", name="Join the waitlist").click()
    expect(cleo.locator(".position__number")).to_have_text("2nd")
    join_waitlist_as_guest(site, event, "Dan", DAN, **browser)
    confirm_place(site, DAN, **browser)

    # Ada cancels by the link in her mail: opening it shows, the button cancels.
    site.deliver_emails()
    ada = site.open(path=site.link_in_email(ADA, "b"), **browser)
    ada.get_by_role("link", name="Cancel booking").click()
    says(ada, "nothing to refund")
    ada.get_by_role("button", name="Cancel my seats").click()
    says(ada, "This booking is cancelled")

    # The first two on the waitlist get offers. Ben opens his link, without logging in, and claims.
    site.deliver_emails()
    ben = site.open(path=site.link_in_email(BEN, "p"), **browser)
    says(ben, "1 seat is held for you")
    expect(ben.get_by_role("link", name="Log in")).to_be_visible()
    ben.get_by_role("button", name="Claim my seat").click()
    expect(ben.get_by_role("heading", name="You are going")).to_be_visible()

    # Cleo sees it too, and lets the deadline pass; then Dan gets the offer, and claims.
    cleo.goto(f"{site.url}/notifications/")
    says(cleo, "held for you until")
    expect(cleo.locator("#unread-badge")).to_contain_text("unread")
    cleo.goto(f"{site.url}/waitlists/")
    cleo.get_by_role("link", name="Claim").click()
    says(cleo, "1 seat is held for you")
    clock.move(timedelta(days=4))
    expire_promotions()
    site.deliver_emails()
    cleo.get_by_role("button", name="Claim my seat").click()
    expect(cleo.get_by_role("heading", name="This offer has expired")).to_be_visible()
    dan = site.open(path=site.link_in_email(DAN, "p"), **browser)
    dan.get_by_role("button", name="Claim my seat").click()
    expect(dan.get_by_role("heading", name="You are going")).to_be_visible()

    # Each attendee was notified once; nothing was oversold.
    site.deliver_emails()
    for address, mails in ((ADA, 2), (BEN, 3), (CLEO, 3), (DAN, 3)):
        subjects = [subject for subject, _ in site.emails_to(address)]
        assert len(subjects) == len(set(subjects)) == mails, (address, subjects)
    event.refresh_from_db()
    assert event.available_seats == 0
    check_everything()


def test_seats_move_while_the_page_is_open(site: Site) -> None:
    event = publish(seats=1)
    waiting = site.open()
    # The page asks every 15 seconds; a test has no such time.
    waiting.clock.install()
    waiting.goto(f"{site.url}/events/{event.pk}/")
    says(waiting, "Only 1 seat left")
    other = site.open(path=f"/events/{event.pk}/book/")
    fill_in_guest(other, "Ada", ADA)
    other.get_by_role("button", name="Book now").click()
    says(other, "You are going")

    waiting.clock.run_for(16_000)

    says(waiting, "Sold out")
    expect(waiting.locator("#panel").get_by_role("link", name="Join the waitlist")).to_be_visible()


def test_typing_finds_at_once(site: Site) -> None:
    publish(seats=5)
    page = site.open()
    page.get_by_label("Search by name, venue or topic").press_sequentially("babyl")
    expect(page.get_by_role("heading", name="Results for “babyl”")).to_be_visible()
    expect(page.get_by_role("link", name="Night of short films")).to_be_visible()
    expect(page).to_have_url(f"{site.url}/?search=babyl")


def test_price_follows_the_number_of_seats(site: Site) -> None:
    event = publish(seats=5)
    page = site.open(path=f"/events/{event.pk}/book/")
    page.get_by_role("button", name="One more").click()
    says(page, "You will pay at most €25.00.")
