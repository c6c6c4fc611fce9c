"""All URLs of Evently."""

from django.conf import settings
from django.contrib import admin
from django.http import Http404
from django.urls import include, path, re_path, reverse_lazy
from django.views.defaults import page_not_found
from django.views.generic import RedirectView

from evently import gallery, health
from evently.accounts.admin_login import admin_login
from evently.api.problems import not_found

urlpatterns = [
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", health.metrics_page, name="metrics"),
    path("api/v1/", include("evently.api.urls")),
    # API clients get a problem document, never a page, also for unknown URLs.
    re_path(r"^api/", not_found),
    # The admin's "view on site" redirect expects integer ids and fails on UUIDs.
    re_path(r"^admin/r/", page_not_found, {"exception": Http404()}),
    # Only the account page counts attempts and invalidates emailed links when a password changes.
    path("admin/password_change/", RedirectView.as_view(url=reverse_lazy("account"))),
    path("admin/login/", admin_login),
    path("admin/", admin.site.urls),
    path("", include("boxoffice.storefront.urls")),
    path("", include("bookings.urls")),
    path("", include("waitlists.urls")),
    path("", include("notifications.urls")),
    path("", include("evently.accounts.urls")),
    path("", include("evently.erasure.urls")),
    path("", include("evently.lifecycle.urls")),
]

handler400 = "evently.api.problems.bad_request"
handler500 = "evently.api.problems.server_error"

if settings.DEBUG:
    urlpatterns.append(path("dev/gallery/", gallery.gallery, name="gallery"))
