"""Which pages are for search engines, and which hold no one's personal data.

Everything else is private, so a URL that is added and not listed here is kept out of search engines
and caches.
"""

# Pages that search engines may list.
INDEXED = frozenset(
    {"home", "event_detail", "how_the_waitlist_works", "cover_image", "robots", "security_txt"}
)
# Answers without personal data, whose views decide about caching.
PUBLIC = INDEXED | frozenset(
    {
        "event_seats",
        "check_line",
        "sitemap",
        "sitemap_page",
        "sign_up",
        "log_in",
        "log_in_link",
        "password_forgotten",
        "receipt_keys",
        "privacy",
        "healthz",
        "readyz",
        "metrics",
        "gallery",
    }
)
# API views decide about caching, too (evently.api.views).
API_PREFIX = "api_"


def is_indexed(url_name: str | None) -> bool:
    return url_name in INDEXED


def is_private(url_name: str | None) -> bool:
    """Return whether answers under this URL name must not be stored by any cache."""
    return url_name not in PUBLIC and not (url_name or "").startswith(API_PREFIX)
