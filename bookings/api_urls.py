"""URLs of bookings in the API."""

from django.urls import path

from bookings.api import BookingViewSet
from bookings.api_organizer import EventAttendeesView, EventBookingViewSet
from evently.api.renderers import CalendarRenderer, SvgRenderer

urlpatterns = [
    path(
        "bookings/", BookingViewSet.as_view({"get": "list", "post": "create"}), name="api_bookings"
    ),
    path(
        "bookings/<uuid:booking_id>/",
        BookingViewSet.as_view({"get": "retrieve"}),
        name="api_booking",
    ),
    path(
        "bookings/<uuid:booking_id>/cancel/",
        BookingViewSet.as_view({"post": "cancel"}),
        name="api_booking_cancel",
    ),
    path(
        "bookings/<uuid:booking_id>/attendance/",
        BookingViewSet.as_view({"post": "attendance"}),
        name="api_booking_attendance",
    ),
    path(
        "events/<uuid:event_id>/bookings/",
        EventBookingViewSet.as_view({"get": "list"}),
        name="api_event_bookings",
    ),
    path(
        "events/<uuid:event_id>/attendees.csv",
        EventAttendeesView.as_view(),
        name="api_event_attendees",
    ),
    path(
        "events/<uuid:event_id>/bookings/<uuid:booking_id>/",
        EventBookingViewSet.as_view({"get": "retrieve"}),
        name="api_event_booking",
    ),
    path(
        "events/<uuid:event_id>/bookings/<uuid:booking_id>/cancel/",
        EventBookingViewSet.as_view({"post": "cancel"}),
        name="api_event_booking_cancel",
    ),
    path(
        "bookings/<uuid:booking_id>/calendar.ics",
        BookingViewSet.as_view({"get": "calendar"}, renderer_classes=[CalendarRenderer]),
        name="api_booking_calendar",
    ),
    path(
        "bookings/<uuid:booking_id>/ticket.svg",
        BookingViewSet.as_view({"get": "ticket"}, renderer_classes=[SvgRenderer]),
        name="api_booking_ticket",
    ),
]
