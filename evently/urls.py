"""All addresses of Evently."""

from django.urls import include, path, re_path

from evently import health
from evently.api.problems import not_found

urlpatterns = [
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", health.metrics_page, name="metrics"),
    path("api/v1/", include("evently.api.urls")),
    re_path(r"^api/", not_found),
]
