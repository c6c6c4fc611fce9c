"""URLs of waitlist entries and offers."""

from django.urls import path

from waitlists.views import entry, promotion

urlpatterns = [
    path("events/<uuid:event_id>/join/", entry.join_waitlist, name="join_waitlist"),
    path("waitlists/", entry.my_waitlists, name="my_waitlists"),
    path("waitlists/<uuid:entry_id>/", entry.waitlist_entry, name="waitlist_entry"),
    path("waitlists/<uuid:entry_id>/leave/", entry.leave_waitlist, name="leave_waitlist"),
    path("promotions/<uuid:promotion_id>/", promotion.promotion, name="promotion"),
    path(
        "promotions/<uuid:promotion_id>/accept/",
        promotion.accept_promotion,
        name="accept_promotion",
    ),
    path(
        "promotions/<uuid:promotion_id>/decline/",
        promotion.decline_promotion,
        name="decline_promotion",
    ),
    path("w/<str:token>/", entry.entry_link, name="entry_link"),
    path("w/<str:token>/leave/", entry.entry_link_leave, name="entry_link_leave"),
    path("p/<str:token>/", promotion.promotion_link, name="promotion_link"),
    path("p/<str:token>/accept/", promotion.promotion_link_accept, name="promotion_link_accept"),
    path("p/<str:token>/decline/", promotion.promotion_link_decline, name="promotion_link_decline"),
]
