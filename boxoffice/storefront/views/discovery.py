"""What search engines and other sites read: robots.txt, sitemaps, and pictures of events."""

from datetime import timedelta

from django.conf import settings
from django.contrib.sitemaps.views import SitemapIndexItem
from django.contrib.sitemaps.views import sitemap as sitemap_view
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.views.decorators.cache import cache_control, cache_page
from django.views.decorators.http import require_safe

from boxoffice.storefront.sitemaps import EventSitemap
from evently.database.clock import now
from evently.links import absolute
from events.covers import COVERS, cover_png

SITEMAP_SECONDS = 60 * 60
# How long a copy of security.txt may be relied on; less than a year, as RFC 9116 recommends.
SECURITY_TXT_LIFETIME = timedelta(days=90)
# Drawings and palettes are the same for good.
COVER_SECONDS = 30 * 24 * 60 * 60
# Nothing to find there. Pages with personal data are not named: they send `noindex`, which
# crawlers have to read, and a list of secret addresses would be no secret.
NOT_FOR_CRAWLERS = (
    "/admin/",
    "/api/",
    "/account/",
    "/events/*/book/",
    "/events/*/join/",
    "/events/*/seats/",
    "/*?*cursor=",
)


@require_safe
@cache_control(public=True, max_age=SITEMAP_SECONDS)
def robots(request: HttpRequest) -> HttpResponse:
    lines = ["User-agent: *", *(f"Disallow: {path}" for path in NOT_FOR_CRAWLERS)]
    lines += ["", f"Sitemap: {absolute(reverse('sitemap'))}", ""]
    return HttpResponse("\n".join(lines), content_type="text/plain; charset=utf-8")


@require_safe
@cache_control(public=True, max_age=SITEMAP_SECONDS)
def security_txt(request: HttpRequest) -> HttpResponse:
    """Say where to report a vulnerability (RFC 9116); 404 without SECURITY_CONTACT."""
    contact = settings.SECURITY_CONTACT
    if not contact:
        raise Http404
    expires = now().replace(hour=0, minute=0, second=0, microsecond=0) + SECURITY_TXT_LIFETIME
    lines = [
        f"Contact: {contact if contact.startswith('https://') else f'mailto:{contact}'}",
        f"Expires: {expires:%Y-%m-%dT%H:%M:%SZ}",
        "Preferred-Languages: en",
        f"Canonical: {absolute(reverse('security_txt'))}",
        "",
    ]
    return HttpResponse("\n".join(lines), content_type="text/plain; charset=utf-8")


@require_safe
@cache_page(SITEMAP_SECONDS)
def sitemap_index(request: HttpRequest) -> HttpResponse:
    """List the sitemaps, of 10,000 events each."""
    pages = EventSitemap().paginator.page_range
    locations = [f"{absolute(reverse('sitemap_page'))}?p={page}" for page in pages]
    return TemplateResponse(
        request,
        "sitemap_index.xml",
        {"sitemaps": [SitemapIndexItem(location) for location in locations]},
        content_type="application/xml",
    )


@require_safe
@cache_page(SITEMAP_SECONDS)
def sitemap_page(request: HttpRequest) -> HttpResponse:
    return sitemap_view(request, {"events": EventSitemap()})


@require_safe
@cache_control(public=True, max_age=COVER_SECONDS)
def cover_image(request: HttpRequest, cover: int, tone: int) -> HttpResponse:
    """Return the drawing of events with these numbers as a PNG."""
    if cover >= COVERS or tone >= COVERS:
        raise Http404
    return HttpResponse(cover_png(cover, tone), content_type="image/png")
