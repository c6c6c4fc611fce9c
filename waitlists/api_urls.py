"""Addresses of the line in the API, and of what needs bookings and the line at once."""

from django.urls import path

from waitlists.api import (
    EventAnalyticsView,
    EventCancelView,
    MyAccountView,
    PromotionViewSet,
    WaitlistViewSet,
)

urlpatterns = [
    path("me/", MyAccountView.as_view(), name="api_me"),
    path("events/<uuid:event_id>/cancel/", EventCancelView.as_view(), name="api_event_cancel"),
    path(
        "events/<uuid:event_id>/analytics/",
        EventAnalyticsView.as_view(),
        name="api_event_analytics",
    ),
    path(
        "waitlists/",
        WaitlistViewSet.as_view({"get": "list", "post": "create"}),
        name="api_waitlists",
    ),
    path(
        "waitlists/<uuid:entry_id>/",
        WaitlistViewSet.as_view({"get": "retrieve", "delete": "destroy"}),
        name="api_waitlist_entry",
    ),
    path("promotions/", PromotionViewSet.as_view({"get": "list"}), name="api_promotions"),
    path(
        "promotions/<uuid:promotion_id>/",
        PromotionViewSet.as_view({"get": "retrieve"}),
        name="api_promotion",
    ),
    path(
        "promotions/<uuid:promotion_id>/accept/",
        PromotionViewSet.as_view({"post": "accept"}),
        name="api_promotion_accept",
    ),
    path(
        "promotions/<uuid:promotion_id>/decline/",
        PromotionViewSet.as_view({"post": "decline"}),
        name="api_promotion_decline",
    ),
]
