"""API URLs of an event's figures."""

from django.urls import path

from boxoffice.backoffice.api import EventAnalyticsView

urlpatterns = [
    path(
        "events/<uuid:event_id>/analytics/",
        EventAnalyticsView.as_view(),
        name="api_event_analytics",
    ),
]
