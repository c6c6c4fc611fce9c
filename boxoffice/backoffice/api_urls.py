"""API URLs of event analytics."""

from django.urls import path

from boxoffice.backoffice.api import EventAnalyticsView

urlpatterns = [
    path(
        "events/<uuid:event_id>/analytics/",
        EventAnalyticsView.as_view(),
        name="api_event_analytics",
    ),
]
