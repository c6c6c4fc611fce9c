"""All addresses of Evently."""

from django.conf import settings
from django.contrib import admin
from django.urls import include, path, re_path

from evently import gallery, health
from evently.api.problems import not_found

urlpatterns = [
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", health.metrics_page, name="metrics"),
    path("api/v1/", include("evently.api.urls")),
    # Programs get no page, not even of what is missing.
    re_path(r"^api/", not_found),
    path("admin/", admin.site.urls),
    path("", include("events.urls")),
    path("", include("bookings.urls")),
    path("", include("waitlists.urls")),
    path("", include("notifications.urls")),
    path("", include("evently.accounts.urls")),
]

if settings.DEBUG:
    urlpatterns.append(path("dev/gallery/", gallery.gallery, name="gallery"))
