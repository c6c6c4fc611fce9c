"""API URLs of accounts. `me/` itself is in boxoffice.lifecycle, which also deletes accounts."""

from django.urls import path

from evently.accounts.api import ExportView, RegisterView, SessionViewSet, TokenView

urlpatterns = [
    path("auth/register/", RegisterView.as_view(), name="api_register"),
    path("auth/token/", TokenView.as_view(), name="api_token"),
    path("me/export/", ExportView.as_view(), name="api_me_export"),
    path("me/sessions/", SessionViewSet.as_view({"get": "list"}), name="api_sessions"),
    path(
        "me/sessions/<uuid:session_id>/",
        SessionViewSet.as_view({"delete": "destroy"}),
        name="api_session",
    ),
]
