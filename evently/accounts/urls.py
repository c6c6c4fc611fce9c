"""Addresses of accounts."""

from django.urls import path

from evently.accounts.views import account, entering

urlpatterns = [
    path("sign-up/", entering.sign_up, name="sign_up"),
    path("log-in/", entering.log_in, name="log_in"),
    path("log-in/link/", entering.log_in_link, name="log_in_link"),
    path("log-out/", entering.log_out, name="log_out"),
    path("account/", account.account, name="account"),
    path("account/password/", entering.password_forgotten, name="password_forgotten"),
    path("account/password/<str:token>/", entering.password_new, name="password_new"),
    path("account/verify/", account.send_verification, name="send_verification"),
    path("account/verify/<str:token>/", entering.verify_address, name="verify_address"),
    path("account/enter/<str:token>/", entering.log_in_by_link, name="log_in_by_link"),
    path("account/tokens/<uuid:token_id>/revoke/", account.revoke_token, name="revoke_token"),
    path("account/sessions/end/", account.log_out_elsewhere, name="log_out_elsewhere"),
    path("account/export/", account.export_data, name="export_data"),
]
