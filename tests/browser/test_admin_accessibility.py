"""Every kind of page of the admin: nothing for axe to find, nothing wider than the screen."""

from datetime import timedelta

import pytest
from django.utils import timezone

from bookings.factories import BookingFactory
from bookings.models import BookingAttempt
from boxoffice.tests.emailing import emailed, report, suppress
from boxoffice.tests.test_admin_analytics import put
from evently.accounts.factories import PASSWORD, SuperuserFactory, UserFactory
from evently.accounts.models import User
from events.factories import EventFactory
from events.models import Event
from notifications.models import OrganizerMessage, ResendRun
from tests.browser.conftest import Site
from tests.browser.test_accessibility import look_at, look_at_page
from waitlists.factories import WaitlistEntryFactory

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]


def pages_of_event(event: Event) -> dict[str, str]:
    """Return the pages about one event, by name."""
    below = f"/admin/events/event/{event.pk}"
    booking = BookingFactory(event=event, quantity=2, user=UserFactory(name="Ada Lovelace"))
    BookingFactory(event=event)
    entry = WaitlistEntryFactory(event=event)
    message = OrganizerMessage.objects.create(
        event=event, subject="Doors of {eventName}", body="At seven.", audience="everyone"
    )
    # With a notice above the list, a run, and a page with all that happens to an email.
    email = emailed(EventFactory(created_by=event.created_by))
    report(email)
    suppress(email.user)
    ResendRun.objects.create(
        user=event.created_by, event_id=email.event_id, delivery_ids=[email.pk] * 3
    )
    keys = (
        *("overview", "attendees", "waitlist", "messages", "attempts"),
        *("price_rule", "prices", "trail", "analytics", "written", "write", "email_texts"),
    )
    return {
        **{f"admin-{key}": f"{below}/{key}/" for key in keys},
        "admin-settings": f"{below}/change/",
        "admin-door-list": f"{below}/door_list/",
        "admin-add-booking": f"{below}/add_booking/",
        "admin-copy": f"{below}/copy/",
        "admin-cancel": f"{below}/cancel/",
        "admin-booking": f"/admin/bookings/booking/{booking.pk}/change/",
        "admin-cancel-booking": f"/admin/bookings/booking/{booking.pk}/cancel/",
        "admin-message": f"/admin/notifications/organizermessage/{message.pk}/change/",
        "admin-send-message": f"/admin/notifications/organizermessage/{message.pk}/send/",
        "admin-emails": f"/admin/events/event/{email.event_id}/messages/",
        "admin-email": f"/admin/notifications/emaildelivery/{email.pk}/change/",
        "admin-entry": f"/admin/waitlists/waitlistentry/{entry.pk}/change/",
        "admin-move": f"/admin/waitlists/waitlistentry/{entry.pk}/move/",
        "admin-offer": f"/admin/waitlists/waitlistentry/{entry.pk}/offer/",
    }


def pages_of_site(owner: User) -> dict[str, str]:
    """Return the other pages, with lists that have rows and lists that have none."""
    draft = EventFactory(created_by=owner, published_at=None)
    first = EventFactory(created_by=owner)
    put(first, timezone.now(), booked=1, waiting=1, seats_wanted=2)
    return {
        "admin-dashboard": "/admin/",
        "admin-events": "/admin/events/event/",
        "admin-events-none": "/admin/events/event/?q=zebra",
        "admin-add-event": "/admin/events/event/add/",
        "admin-draft": f"/admin/events/event/{draft.pk}/overview/",
        "admin-analytics-none": f"/admin/events/event/{draft.pk}/analytics/",
        "admin-analytics-one": f"/admin/events/event/{first.pk}/analytics/",
        "admin-publish": f"/admin/events/event/{draft.pk}/publish/",
        "admin-delete": f"/admin/events/event/{draft.pk}/remove/",
        "admin-users": "/admin/accounts/user/",
        "admin-user": f"/admin/accounts/user/{owner.pk}/change/",
        "admin-templates": "/admin/notifications/emailtemplate/",
        "admin-template-editor": "/admin/notifications/emailtemplate/editor/welcome/",
        "admin-template-compare": (
            "/admin/notifications/emailtemplate/compare/welcome/?old=1&new=1"
        ),
        "admin-deliveries": "/admin/notifications/emaildelivery/",
        "admin-notifications": "/admin/notifications/notification/",
        "admin-audit": "/admin/audit/auditlog/",
    }


def give_figures(event: Event) -> None:
    """Give an event figures of 400 days, and people who were refused seats."""
    for days in range(400, -1, -20):
        figures = {"booked": 1 + days % 3, "waiting": days % 7, "seats_wanted": days % 7 + 2}
        put(event, timezone.now() - timedelta(days=days), page_views=days, **figures)
    BookingAttempt.objects.create(
        event=event, user=UserFactory(), quantity=2, result="failed", failure_reason="sold_out"
    )


# Colours go by theme and layout by width, so two of the four say all.
@pytest.mark.parametrize(("width", "theme"), [(1280, "light"), (360, "dark")])
def test_admin_pages_are_fit_for_everyone(site: Site, width: int, theme: str) -> None:
    owner = SuperuserFactory(email="olive@example.org", name="Olive", password=PASSWORD)
    event = EventFactory(
        name="Candlelight Quartet in the Old Windmill of Koudekerk aan den Rijn",
        created_by=owner,
        priced=32,
        total_capacity=3,
        timezone="Europe/Amsterdam",
    )
    give_figures(event)
    pages = {**pages_of_event(event), **pages_of_site(owner)}
    page = site.open(path="/admin/", viewport={"width": width, "height": 820}, color_scheme=theme)
    found = look_at(site, page, {"admin-log-in": "/admin/login/"}, f"{width}-{theme}")
    page.get_by_label("Email address").fill(owner.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    page.get_by_role("heading", name="Highest demand").wait_for()
    found += look_at(site, page, pages, f"{width}-{theme}")

    # The form with errors, and the review of a change that affects attendees.
    for name, start in (("errors", ""), ("review", "2099-05-08T14:00")):
        page.goto(f"{site.url}/admin/events/event/{event.pk}/change/")
        page.get_by_label("Starts").fill(start)
        page.get_by_role("button", name="Save", exact=True).click()
        page.wait_for_load_state()
        found += look_at_page(page, f"admin-{name}-{width}-{theme}")

    assert found == []
