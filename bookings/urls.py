"""URLs of the checkout and of bookings; those with a token are sent to attendees by email."""

from django.urls import path

from bookings.views import attendance, booking, checkout, tickets

urlpatterns = [
    path("events/<uuid:event_id>/book/", checkout.book, name="book"),
    path("bookings/", booking.my_bookings, name="my_bookings"),
    path("bookings/<uuid:row_id>/", booking.booking_detail, name="booking_detail"),
    path("b/<str:token>/", booking.booking_detail, name="booking_link"),
    path("bookings/<uuid:row_id>/done/", booking.booking_done, name="booking_done"),
    path("b/<str:token>/done/", booking.booking_done, name="booking_link_done"),
    path("bookings/<uuid:row_id>/tickets/", booking.email_tickets, name="email_tickets"),
    path("bookings/<uuid:row_id>/cancel/", booking.cancel_booking, name="cancel_booking"),
    path("b/<str:token>/cancel/", booking.cancel_booking, name="booking_link_cancel"),
    path("bookings/<uuid:row_id>/coming/", attendance.coming, name="booking_coming"),
    path("b/<str:token>/coming/", attendance.coming, name="booking_link_coming"),
    path("bookings/<uuid:row_id>/calendar.ics", booking.booking_calendar, name="booking_calendar"),
    path("b/<str:token>/calendar.ics", booking.booking_calendar, name="booking_link_calendar"),
    path(
        "bookings/<uuid:row_id>/tickets/<uuid:ticket_id>.svg", booking.ticket_qr, name="ticket_qr"
    ),
    path("b/<str:token>/tickets/<uuid:ticket_id>.svg", booking.ticket_qr, name="ticket_qr_by_link"),
    path("t/<str:token>/", tickets.ticket_link, name="ticket_link"),
    path("t/<str:token>/code.svg", tickets.ticket_link_qr, name="ticket_link_qr"),
    path("bookings/<uuid:row_id>/hand-over/", tickets.hand_over, name="hand_over"),
    path("b/<str:token>/hand-over/", tickets.hand_over, name="booking_link_hand_over"),
    path(
        "bookings/<uuid:row_id>/hand-over/<uuid:transfer_id>/withdraw/",
        tickets.withdraw_transfer,
        name="withdraw_transfer",
    ),
    path(
        "b/<str:token>/hand-over/<uuid:transfer_id>/withdraw/",
        tickets.withdraw_transfer,
        name="booking_link_withdraw_transfer",
    ),
    path("h/<str:token>/", tickets.transfer_link, name="transfer_link"),
]
