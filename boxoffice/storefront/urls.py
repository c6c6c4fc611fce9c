"""URLs of the home, event and account pages."""

from django.urls import path

from boxoffice.storefront.views import (
    account,
    change_email,
    correct_address,
    data_export,
    delete_account,
    discovery,
    event,
    home,
)

urlpatterns = [
    path("", home.home, name="home"),
    path("events/<uuid:event_id>/", event.event_detail, name="event_detail"),
    path("events/<uuid:event_id>/seats/", event.event_seats, name="event_seats"),
    path("robots.txt", discovery.robots, name="robots"),
    path(".well-known/security.txt", discovery.security_txt, name="security_txt"),
    path("sitemap.xml", discovery.sitemap_index, name="sitemap"),
    path("sitemap-events.xml", discovery.sitemap_page, name="sitemap_page"),
    path("covers/<int:cover>-<int:tone>.png", discovery.cover_image, name="cover_image"),
    path(
        "b/<str:token>/done/address/",
        correct_address.correct_address,
        name="correct_address",
    ),
    path("account/", account.account, name="account"),
    path("account/verify/", account.send_verification, name="send_verification"),
    path("account/tokens/<uuid:token_id>/revoke/", account.revoke_token, name="revoke_token"),
    path(
        "account/email/<str:token>/",
        change_email.confirm_email_change,
        name="confirm_email_change",
    ),
    path(
        "account/email/undo/<str:token>/",
        change_email.undo_email_change,
        name="undo_email_change",
    ),
    path("account/sessions/end/", account.log_out_elsewhere, name="log_out_elsewhere"),
    path("account/sessions/<uuid:session_id>/end/", account.end_session, name="end_session"),
    path("account/export/", account.export_data, name="export_data"),
    path("account/exports/", data_export.request_data_export, name="request_data_export"),
    path("account/exports/<uuid:export_id>/", data_export.data_export, name="data_export"),
    path(
        "account/exports/<uuid:export_id>/file/",
        data_export.download_data_export,
        name="download_data_export",
    ),
    path("account/delete/", delete_account.delete_account, name="delete_account"),
    path(
        "account/delete/<str:token>/",
        delete_account.delete_account_by_link,
        name="delete_account_by_link",
    ),
    path("account/keep/", delete_account.keep_account, name="keep_account"),
    path(
        "account/keep/<str:token>/",
        delete_account.keep_account_by_link,
        name="keep_account_by_link",
    ),
]
