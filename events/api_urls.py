"""API URLs of events."""

from django.urls import path

from events.api import EventViewSet, OrganizerEventViewSet, PriceHistoryView

urlpatterns = [
    path("events/", EventViewSet.as_view({"get": "list", "post": "create"}), name="api_events"),
    path(
        "organizer/events/",
        OrganizerEventViewSet.as_view({"get": "list"}),
        name="api_organizer_events",
    ),
    path(
        "events/<uuid:event_id>/",
        EventViewSet.as_view({"get": "retrieve", "patch": "partial_update"}),
        name="api_event",
    ),
    path(
        "events/<uuid:event_id>/publish/",
        EventViewSet.as_view({"post": "publish"}),
        name="api_event_publish",
    ),
    path(
        "events/<uuid:event_id>/quote/",
        EventViewSet.as_view({"post": "quote"}),
        name="api_event_quote",
    ),
    path(
        "events/<uuid:event_id>/price-history/",
        PriceHistoryView.as_view({"get": "list"}),
        name="api_event_price_history",
    ),
]
