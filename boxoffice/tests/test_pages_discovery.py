"""What search engines and other sites read of the public pages."""

import re
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest
from django.conf import settings
from django.core.cache import cache
from django.urls import reverse

from boxoffice.storefront.sitemaps import EventSitemap
from evently.database.clock import now
from evently.tests.sql import run
from events.covers import COVERS, cover_png
from events.factories import EventFactory
from events.models import Event
from events.presenters import EventPresenter

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _empty_cache():
    cache.clear()


def tag(page, name):
    element = rf'<(?:meta|link) (?:property|name|rel)="{name}" (?:content|href)="([^"]*)"'
    found = re.search(element, page)
    return found and found[1]


def test_event_page_has_a_card_for_other_sites(client):
    event = EventFactory(name="Jazz & more", venue="Old Mill", description="Bring <b>friends</b>.")

    page = client.get(f"/events/{event.pk}/").content.decode()

    url = f"{settings.PUBLIC_URL}/events/{event.pk}/"
    assert tag(page, "canonical") == tag(page, "og:url") == url
    assert tag(page, "og:title") == tag(page, "twitter:title") == "Jazz &amp; more"
    assert tag(page, "og:description").endswith(", Old Mill. Bring friends.")
    assert tag(page, "twitter:card") == "summary_large_image"
    image = tag(page, "og:image")
    assert image == EventPresenter(event, at=now()).image_url
    picture = client.get(image.removeprefix(settings.PUBLIC_URL))
    assert picture.headers["Content-Type"] == "image/png"
    assert "max-age=2592000" in picture.headers["Cache-Control"]
    # Width and height of the PNG.
    assert (picture.content[16:20], picture.content[20:24]) == (
        (1200).to_bytes(4),
        (630).to_bytes(4),
    )


def test_there_is_a_drawing_of_every_number_and_no_other(client):
    assert len({cover_png(number, 0) for number in range(COVERS)}) == COVERS
    assert client.get("/covers/12-0.png").status_code == 404
    assert client.get("/covers/0-12.png").status_code == 404


def test_home_page_has_one_address_whatever_is_searched(client):
    page = client.get("/", {"search": "jazz"}).content.decode()

    assert tag(page, "canonical") == f"{settings.PUBLIC_URL}/"
    assert tag(page, "og:image").endswith("/covers/8-0.png")


def test_security_txt_says_where_to_report(client, settings, clock):
    path = "/.well-known/security.txt"
    assert client.get(path).status_code == 404

    clock.stop(datetime(2027, 3, 1, 15, 30, tzinfo=UTC))
    for contact, line in (
        ("security@example.org", "Contact: mailto:security@example.org"),
        ("https://example.org/security", "Contact: https://example.org/security"),
    ):
        settings.SECURITY_CONTACT = contact
        response = client.get(path)
        assert response.headers["Content-Type"] == "text/plain; charset=utf-8"
        lines = response.content.decode().splitlines()
        assert lines[0] == line
        assert lines[1] == "Expires: 2027-05-30T00:00:00Z"
        assert lines[3].startswith("Canonical: http")


def test_robots_txt_names_the_sitemap_and_no_secret_pages(client):
    text = client.get("/robots.txt").content.decode()

    assert f"Sitemap: {settings.PUBLIC_URL}/sitemap.xml" in text
    assert "Disallow: /admin/" in text
    assert "Disallow: /\n" not in text


def test_sitemap_lists_upcoming_public_events_with_their_last_change(client, clock):
    listed = EventFactory()
    EventFactory(published_at=None)
    run("UPDATE events SET status = 'cancelled' WHERE id = %s", EventFactory().pk)
    run("UPDATE events SET status = 'completed' WHERE id = %s", EventFactory().pk)

    index = client.get("/sitemap.xml").content.decode()
    address = re.findall("<loc>(.*?)</loc>", index)
    assert address == [f"{settings.PUBLIC_URL}/sitemap-events.xml?p=1"]
    page = client.get(address[0].removeprefix(settings.PUBLIC_URL), HTTP_HOST="127.0.0.1")
    text = page.content.decode()

    assert re.findall("<loc>(.*?)</loc>", text) == [
        f"{settings.PUBLIC_URL}{reverse('event_detail', args=[listed.pk])}"
    ]
    listed.refresh_from_db()
    assert re.findall("<lastmod>(.*?)</lastmod>", text) == [f"{listed.updated_at:%Y-%m-%d}"]
    assert page.headers["Cache-Control"] == "max-age=3600"


def test_sitemap_has_pages(client, monkeypatch):
    monkeypatch.setattr(EventSitemap, "limit", 2)
    EventFactory.create_batch(5)

    pages = re.findall("<loc>(.*?)</loc>", client.get("/sitemap.xml").content.decode())
    texts = [client.get(url.removeprefix(settings.PUBLIC_URL)).content.decode() for url in pages]

    assert [text.count("<loc>") for text in texts] == [2, 2, 1]
    assert client.get("/sitemap-events.xml", {"p": 4}).status_code == 404


@pytest.mark.parametrize("path", ["/favicon.ico", "/apple-touch-icon.png"])
def test_icons_are_where_browsers_look_for_them(client, path):
    with closing(client.get(path)) as response:
        assert response.status_code == 200


def test_bookings_do_not_change_what_the_sitemap_says():
    event = EventFactory()
    event.refresh_from_db()
    run(
        "INSERT INTO bookings (event_id, user_id, quantity, total_amount) VALUES (%s, %s, 1, 0)",
        event.pk,
        event.created_by_id,
    )
    assert Event.objects.get().updated_at - event.updated_at == timedelta(0)
