"""Where booking attempts came from: hidden from organizers, in lists, pages, filters and API."""

import pytest
from django.urls import reverse

from bookings.models import BookingAttempt
from evently.accounts.factories import SuperuserFactory, UserFactory
from evently.api.tests.client import api
from events.factories import EventFactory

pytestmark = pytest.mark.django_db

LIST = "/admin/bookings/bookingattempt/"
SECRETS = ("192.0.2.77", "Sextant/9")


@pytest.fixture
def attempt(organizer):
    return BookingAttempt.objects.create(
        event=EventFactory(created_by=organizer),
        user=UserFactory(name="Wanjiru Kamau"),
        quantity=1,
        result="failed",
        failure_reason="sold_out",
        ip_address=SECRETS[0],
        user_agent=SECRETS[1],
    )


def pages_about(attempt):
    event = str(attempt.event_id)
    return [
        LIST,
        f"{LIST}?event__id__exact={event}",
        reverse("admin:bookings_bookingattempt_change", args=[attempt.pk]),
        reverse("admin:events_event_trail", args=[event]),
        reverse("admin:events_event_change", args=[event]),
    ]


def test_organizers_see_attempts_without_their_origin(admin, attempt):
    for url in pages_about(attempt):
        page = admin.get(url)
        assert page.status_code == 200, url
        assert not any(secret in page.content.decode() for secret in SECRETS), url
    page = admin.get(LIST).content.decode()
    assert "Wanjiru Kamau" in page
    assert "sold out" in page


@pytest.mark.parametrize(
    "query",
    ["ip_address=192.0.2.77", "ip_address__startswith=192", "user_agent__contains=Sextant"],
)
def test_organizers_cannot_filter_by_the_origin(admin, attempt, query):
    """Otherwise whether a row is found would tell the address."""
    found, missed = admin.get(f"{LIST}?{query}"), admin.get(f"{LIST}?{query}x")

    assert found.status_code == missed.status_code
    assert "Wanjiru" not in found.content.decode()


def test_superusers_see_the_origin(client, attempt):
    client.force_login(SuperuserFactory())
    for url in (LIST, reverse("admin:bookings_bookingattempt_change", args=[attempt.pk])):
        page = client.get(url).content.decode()
        assert all(secret in page for secret in SECRETS), url
    assert "Wanjiru" in client.get(f"{LIST}?ip_address=192.0.2.77").content.decode()


def test_api_shows_organizers_numbers_only(organizer, attempt):
    answer = api(organizer, "read", "organize").get(f"/api/v1/events/{attempt.event_id}/analytics/")

    assert answer.status_code == 200
    assert not any(secret in answer.content.decode() for secret in SECRETS)
