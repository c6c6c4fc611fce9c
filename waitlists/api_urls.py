"""API URLs of waitlist entries and offers."""

from django.urls import path

from waitlists.api import PromotionViewSet, WaitlistViewSet
from waitlists.api_draw import DrawListView, EventDrawViewSet
from waitlists.api_organizer import EventWaitlistViewSet
from waitlists.api_record import LineRecordView

urlpatterns = [
    path(
        "waitlists/",
        WaitlistViewSet.as_view({"get": "list", "post": "create"}),
        name="api_waitlists",
    ),
    path(
        "waitlists/<uuid:entry_id>/",
        WaitlistViewSet.as_view(
            {"get": "retrieve", "patch": "partial_update", "delete": "destroy"}
        ),
        name="api_waitlist_entry",
    ),
    path(
        "events/<uuid:event_id>/waitlist/",
        EventWaitlistViewSet.as_view({"get": "list"}),
        name="api_event_waitlist",
    ),
    path(
        "events/<uuid:event_id>/line/record/",
        LineRecordView.as_view(),
        name="api_line_record",
    ),
    path(
        "events/<uuid:event_id>/draw/",
        EventDrawViewSet.as_view({"get": "list"}),
        name="api_event_draws",
    ),
    path(
        "events/<uuid:event_id>/draw/list/",
        DrawListView.as_view(),
        name="api_draw_list",
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
