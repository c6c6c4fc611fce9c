"""API URLs of cancelling an event and of the current user."""

from django.urls import path

from boxoffice.lifecycle.api import CurrentUserView, EventCancelView, RestoreView

urlpatterns = [
    path("me/", CurrentUserView.as_view(), name="api_me"),
    path("me/restore/", RestoreView.as_view(), name="api_me_restore"),
    path("events/<uuid:event_id>/cancel/", EventCancelView.as_view(), name="api_event_cancel"),
]
