"""URLs of receipts."""

from django.urls import path

from evently.erasure import views

urlpatterns = [
    path("erased/keys.json", views.receipt_keys, name="receipt_keys"),
    path("erased/<str:token>/", views.receipt, name="receipt"),
    path("erased/<str:token>/receipt.json", views.receipt_file, name="receipt_file"),
]
