"""URLs of the API, version 1."""

from django.urls import include, path, re_path

from evently.api.docs import DocsView, SchemaView
from evently.api.problems import not_found

urlpatterns = [
    # First what comes in rushes: a URL is looked for in this order.
    path("", include("bookings.api_urls")),
    path("schema/", SchemaView.as_view(), name="api_schema"),
    path("docs/", DocsView.as_view(url_name="api_schema"), name="api_docs"),
    path("", include("evently.accounts.api_urls")),
    path("", include("events.api_urls")),
    path("", include("waitlists.api_urls")),
    path("", include("notifications.api_urls")),
    path("", include("boxoffice.lifecycle.api_urls")),
    path("", include("boxoffice.figures.api_urls")),
    path("", include("boxoffice.pricing.api_urls")),
    # Unknown URLs get a problem document, not a page.
    re_path(r"^", not_found),
]
