"""URLs of sign-up, login and email verification; the account page is in boxoffice.storefront."""

from django.urls import path

from evently.accounts import factor_views, step_views, views

urlpatterns = [
    path("sign-up/", views.sign_up, name="sign_up"),
    path("log-in/", views.log_in, name="log_in"),
    path("log-in/link/", views.log_in_link, name="log_in_link"),
    path("log-in/step/", step_views.second_step, name="second_step"),
    path("log-in/passkey/", step_views.log_in_with_passkey, name="log_in_with_passkey"),
    path(
        "log-in/passkey/options/",
        step_views.passkey_options,
        {"ceremony": "log_in"},
        name="passkey_options",
    ),
    path(
        "log-in/step/options/",
        step_views.passkey_options,
        {"ceremony": "check"},
        name="passkey_check_options",
    ),
    path("log-in/form/", views.send_kept_form, name="send_kept_form"),
    path("account/security/", factor_views.security, name="security"),
    path("account/security/app/", factor_views.set_up_app, name="set_up_app"),
    path("account/security/app/remove/", factor_views.remove_app, name="remove_app"),
    path("account/security/codes/", factor_views.new_recovery_codes, name="new_recovery_codes"),
    path("account/security/passkeys/", factor_views.add_passkey, name="add_passkey"),
    path(
        "account/security/passkeys/options/",
        step_views.passkey_options,
        {"ceremony": "add"},
        name="passkey_add_options",
    ),
    path(
        "account/security/passkeys/<uuid:passkey_id>/remove/",
        factor_views.remove_passkey,
        name="remove_passkey",
    ),
    path("log-out/", views.log_out, name="log_out"),
    path("account/password/", views.password_forgotten, name="password_forgotten"),
    path("account/password/<str:token>/", views.password_new, name="password_new"),
    path("account/verify/<str:token>/", views.verify_address, name="verify_address"),
    path("account/enter/<str:token>/", views.log_in_by_link, name="log_in_by_link"),
]
