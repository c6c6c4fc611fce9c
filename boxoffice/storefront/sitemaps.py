"""Which pages search engines should know: the home page and all upcoming events."""

from datetime import datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.sitemaps import Sitemap
from django.db.models import QuerySet
from django.urls import reverse

from events.models import Event

EVENTS_PER_SITEMAP = 10_000


if TYPE_CHECKING:
    EventSitemapBase = Sitemap[Event]
else:
    EventSitemapBase = Sitemap


class EventSitemap(EventSitemapBase):
    """Published events that are not over, in pages of `EVENTS_PER_SITEMAP`."""

    limit = EVENTS_PER_SITEMAP
    # The site's own address, whatever host the request names.
    protocol = urlsplit(settings.PUBLIC_URL).scheme

    def items(self) -> QuerySet[Event]:
        events = Event.objects.current().order_by("event_date", "id")
        return events.only("id", "updated_at")

    def lastmod(self, event: Event) -> datetime:
        """When an organizer changed it; bookings do not count."""
        return event.updated_at

    def location(self, event: Event) -> str:
        return reverse("event_detail", args=[event.pk])

    def get_domain(self, site: object = None) -> str:
        return str(urlsplit(settings.PUBLIC_URL).netloc)
