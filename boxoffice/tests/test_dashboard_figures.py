"""The dashboard of all events: by currency, of managed events only, and the site's totals."""

from datetime import timedelta

import pytest
from django.utils import timezone

from bookings.models import BookingAttempt
from boxoffice.figures import lost_demand_rolling
from boxoffice.tests.test_admin_analytics import put
from evently.accounts.factories import OrganizerFactory, SuperuserFactory, UserFactory
from events.factories import EventFactory
from events.models import Event, Resolution, RollUp

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def refuse(event, quantity, user=None):
    BookingAttempt.objects.create(
        event=event,
        user=user or UserFactory(),
        quantity=quantity,
        result="failed",
        failure_reason="sold_out",
    )


@pytest.fixture
def events(organizer):
    """Two events of the organizer, in two currencies, and one of someone else."""
    at = timezone.now()
    euros = EventFactory(created_by=organizer, priced=10)
    francs = EventFactory(created_by=organizer, priced=20, currency="CHF")
    other = EventFactory(created_by=OrganizerFactory(), priced=90)
    for event, days, seats in ((euros, 0, 3), (euros, 6, 1), (francs, 20, 2), (other, 0, 50)):
        put(
            event,
            at - days * DAY,
            **{"page_views": 10 * seats, "checkouts": 2 * seats, "bookings": seats},
            **{"seats": seats, "revenue": 10 * seats, "refused:sold_out": 2},
        )
    put(euros, at - 40 * DAY, seats=1_000, revenue=1_000)
    keen = UserFactory()
    for quantity in (1, 4):
        refuse(euros, quantity, keen)
    refuse(francs, 2)
    refuse(other, 9)
    lost_demand_rolling.roll_up(until=timezone.now() + DAY)
    return euros, francs, other


def test_an_organizer_sees_the_sums_of_their_events_by_currency(admin, events):
    context = admin.get("/admin/").context

    found = {group["currency"]: dict(group["rows"]) for group in context["by_currency"]}
    assert {
        currency: [rows[name] for name in ("Seats booked", "Revenue", "Lost demand")]
        for currency, rows in found.items()
    } == {"CHF": ["2", "20.00 CHF", "40.00 CHF"], "EUR": ["4", "€40.00", "€40.00"]}
    assert [step.number for step in context["funnel"]] == ["60", "12", "6"]
    assert [(row["people"], row["seats"]) for row in context["lost"]] == [(2, 6)]
    assert "totals" not in context
    elsewhere = admin.get("/admin/", {"event": str(events[2].pk), "organizer": "all"})
    assert elsewhere.context["by_currency"] == context["by_currency"]


def test_superusers_see_totals_of_the_site_and_what_the_check_found(client, events):
    client.force_login(SuperuserFactory())
    at = timezone.now()
    never = client.get("/admin/")
    assert "never rolled up" in never.content.decode()
    for resolution, found in ((Resolution.MINUTE, None), (Resolution.HOUR, 0), (Resolution.DAY, 2)):
        RollUp.objects.create(
            resolution=resolution, done_until=at - DAY / 24, checked_at=at, differences=found
        )

    page = client.get("/admin/")

    totals = {row["label"]: row["numbers"] for row in page.context["totals"]}
    assert totals["Seats booked"] == ["53", "54", "56"]
    assert totals["Page views"] == ["530", "540", "560"]
    assert page.context["all_events"] == Event.objects.count() == 3
    *states, (label, check) = [
        (row["age"], row["differs"])
        if row["label"] != "Lost demand"
        else (row["label"], row["check"])
        for row in page.context["roll_ups"]
    ]
    assert (label, check) == ("Lost demand", "not checked yet")
    assert states == [("1 hour", False), ("1 hour", False), ("1 hour", True)]
    assert "2 figures differed on" in page.content.decode()
    assert "manage.py check_analytics" in page.content.decode()
