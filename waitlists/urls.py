"""URLs of waitlist entries and offers.

Pages of an entry or an offer have two URLs: for its owner, and for the holder of an emailed link.
"""

from django.urls import path

from waitlists.views import entry, joining, promotion, record

urlpatterns = [
    path("events/<uuid:event_id>/join/", joining.join_waitlist, name="join_waitlist"),
    path("events/<uuid:event_id>/record/", record.line_record, name="line_record"),
    path("how-the-waitlist-works/", record.how_the_waitlist_works, name="how_the_waitlist_works"),
    path("how-the-waitlist-works/check_line", record.check_line, name="check_line"),
    path("waitlists/", entry.my_waitlists, name="my_waitlists"),
    path("waitlists/<uuid:row_id>/", entry.waitlist_entry, name="waitlist_entry"),
    path("w/<str:token>/", entry.waitlist_entry, name="entry_link"),
    path("waitlists/<uuid:row_id>/leave/", entry.leave_waitlist, name="leave_waitlist"),
    path("w/<str:token>/leave/", entry.leave_waitlist, name="entry_link_leave"),
    path("waitlists/<uuid:row_id>/confirm/", entry.confirm_entry, name="confirm_entry"),
    path("w/<str:token>/confirm/", entry.confirm_entry, name="entry_link_confirm"),
    path("waitlists/<uuid:row_id>/change/", entry.change_entry, name="change_entry"),
    path("w/<str:token>/change/", entry.change_entry, name="entry_link_change"),
    path("promotions/<uuid:row_id>/", promotion.promotion, name="promotion"),
    path("p/<str:token>/", promotion.promotion, name="promotion_link"),
    path("promotions/<uuid:row_id>/accept/", promotion.accept_promotion, name="accept_promotion"),
    path("p/<str:token>/accept/", promotion.accept_promotion, name="promotion_link_accept"),
    path(
        "promotions/<uuid:row_id>/decline/", promotion.decline_promotion, name="decline_promotion"
    ),
    path("p/<str:token>/decline/", promotion.decline_promotion, name="promotion_link_decline"),
]
