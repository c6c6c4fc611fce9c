"""API URLs of accounts. `me/` itself is in boxoffice.lifecycle, which also deletes accounts."""

from django.urls import path

from evently.accounts.api import (
    DataExportFileView,
    DataExportViewSet,
    ExportView,
    RegisterView,
    SessionViewSet,
    TokenView,
)

urlpatterns = [
    path("auth/register/", RegisterView.as_view(), name="api_register"),
    path("auth/token/", TokenView.as_view(), name="api_token"),
    path("me/export/", ExportView.as_view(), name="api_me_export"),
    path("me/exports/", DataExportViewSet.as_view({"get": "list"}), name="api_data_exports"),
    path(
        "me/exports/<uuid:export_id>/",
        DataExportViewSet.as_view({"get": "retrieve"}),
        name="api_data_export",
    ),
    path(
        "me/exports/<uuid:export_id>/file/",
        DataExportFileView.as_view(),
        name="api_data_export_file",
    ),
    path("me/sessions/", SessionViewSet.as_view({"get": "list"}), name="api_sessions"),
    path(
        "me/sessions/<uuid:session_id>/",
        SessionViewSet.as_view({"delete": "destroy"}),
        name="api_session",
    ),
]
