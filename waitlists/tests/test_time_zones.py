"""The time zone of a person who waits: where it comes from, and where it is shown."""

from zoneinfo import ZoneInfo

import pytest
from django.urls import reverse

from evently.accounts.export import export_of
from evently.accounts.factories import OrganizerFactory, UserFactory
from evently.api.tests.client import api, assert_problem
from evently.links import sign_link
from waitlists.models import Promotion, WaitlistEntry
from waitlists.tests.helpers import cancel, full_event, join, offer_to_berlin

pytestmark = pytest.mark.django_db(transaction=True)
ENTRIES = "/api/v1/waitlists/"


def zone_stored():
    return WaitlistEntry.objects.get().timezone


def submit(client, event, **fields):
    return client.post(reverse("join_waitlist", args=[event.pk]), {"quantity": 1, **fields})


# ── Where it comes from ─────────────────────────────────────────────────────
def test_form_has_a_place_for_the_time_zone_of_the_browser(client):
    event, _ = full_event()
    page = client.get(reverse("join_waitlist", args=[event.pk])).content.decode()
    assert '<input type="hidden" name="timezone" data-time-zone=""' in page


@pytest.mark.parametrize(
    ("account", "browser", "stored"),
    [
        ("", "Asia/Calcutta", "Asia/Calcutta"),
        ("Europe/Berlin", "Asia/Calcutta", "Europe/Berlin"),
        ("Europe/Berlin", "", "Europe/Berlin"),
        ("", "", ""),
        ("", "Europe/Atlantis", ""),
        ("", "x" * 5000, ""),
        ("", "../../etc/passwd", ""),
    ],
)
def test_form_takes_the_time_zone_of_the_account_or_the_browser(client, account, browser, stored):
    event, _ = full_event()
    client.force_login(UserFactory(timezone=account))
    assert submit(client, event, timezone=browser).status_code == 302
    assert zone_stored() == stored


def test_form_without_script_is_valid(client):
    event, _ = full_event()
    fields = {"name": "Ada", "email": "ada@example.org"}
    assert submit(client, event, **fields).status_code == 200
    assert zone_stored() == ""


def test_guest_has_the_time_zone_of_the_browser(client):
    event, _ = full_event()
    fields = {"name": "Ada", "email": "ada@example.org", "timezone": "Europe/Berlin"}
    assert submit(client, event, **fields).status_code == 200
    assert zone_stored() == "Europe/Berlin"


def test_api_takes_the_time_zone_of_the_request_or_the_account():
    event, _ = full_event()
    for account, sent, stored in (
        ("Europe/Berlin", {}, "Europe/Berlin"),
        ("Europe/Berlin", {"timezone": "Asia/Tokyo"}, "Asia/Tokyo"),
        ("Europe/Berlin", {"timezone": ""}, ""),
        ("", {}, ""),
    ):
        client = api(UserFactory(timezone=account))
        response = client.post(ENTRIES, {"event": str(event.pk), **sent})
        assert (response.status_code, response.json()["timezone"]) == (201, stored)
        assert client.get(f"{ENTRIES}{response.json()['id']}/").json()["timezone"] == stored


@pytest.mark.parametrize("name", ["Europe/Atlantis", "berlin", None, 5, "x" * 65])
def test_api_refuses_unknown_time_zones(name):
    event, _ = full_event()
    response = api(UserFactory()).post(ENTRIES, {"event": str(event.pk), "timezone": name})
    assert set(assert_problem(response, 422, "invalid")["errors"]) == {"timezone"}
    assert not WaitlistEntry.objects.exists()


def test_time_zone_is_exported_but_not_shown_to_the_organizer():
    organizer = OrganizerFactory()
    event, _ = full_event(created_by=organizer)
    entry = join(event, timezone="Europe/Berlin")
    assert export_of(entry.user)["waitlist_entries"][0]["timezone"] == "Europe/Berlin"
    seen = api(organizer).get(f"/api/v1/events/{event.pk}/waitlist/")
    assert seen.status_code == 200
    assert "Berlin" not in seen.content.decode()


# ── What it does ────────────────────────────────────────────────────────────
@pytest.fixture
def offer(clock):
    return offer_to_berlin(clock)


def test_offer_does_not_end_in_the_night_of_its_person(offer):
    berlin = offer.expires_at.astimezone(ZoneInfo("Europe/Berlin"))
    assert f"{berlin:%d %H:%M}" == "11 09:00"
    assert not offer.is_at_night


def test_offer_is_made_where_a_time_zone_is_no_longer_known():
    event, booking = full_event()
    entry = join(event)
    WaitlistEntry.objects.filter(pk=entry.pk).update(timezone="Europe/Atlantis")
    cancel(booking)
    assert Promotion.objects.get().waitlist_id == entry.pk


# ── Where it is shown ───────────────────────────────────────────────────────
OWN = "09:00 for you in Berlin"


def test_pages_show_the_deadline_in_both_time_zones(client, offer):
    client.force_login(offer.user)
    pages = [
        reverse("promotion", args=[offer.pk]),
        reverse("waitlist_entry", args=[offer.waitlist_id]),
        reverse("inbox"),
    ]
    for url in pages:
        page = client.get(url).content.decode()
        assert OWN in page, url
        assert "21:00" in page, url
    WaitlistEntry.objects.update(timezone="Pacific/Auckland")
    for url in pages:
        assert "for you in" not in client.get(url).content.decode(), url


def test_emailed_link_shows_the_deadline_in_both_time_zones(client, offer):
    version = offer.user.links_version
    token = sign_link(
        purpose="promotion", row_id=offer.pk, event_id=offer.event_id, version=version
    )
    assert OWN in client.get(reverse("promotion_link", args=[token])).content.decode()
