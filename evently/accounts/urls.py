"""URLs of sign-up, login and email verification; the account page is in boxoffice.storefront."""

from django.urls import path

from evently.accounts import views

urlpatterns = [
    path("sign-up/", views.sign_up, name="sign_up"),
    path("log-in/", views.log_in, name="log_in"),
    path("log-in/link/", views.log_in_link, name="log_in_link"),
    path("log-out/", views.log_out, name="log_out"),
    path("account/password/", views.password_forgotten, name="password_forgotten"),
    path("account/password/<str:token>/", views.password_new, name="password_new"),
    path("account/verify/<str:token>/", views.verify_address, name="verify_address"),
    path("account/enter/<str:token>/", views.log_in_by_link, name="log_in_by_link"),
]
