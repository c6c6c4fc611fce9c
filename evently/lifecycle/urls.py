"""The URL of the privacy notice."""

from django.urls import path

from evently.lifecycle import views

urlpatterns = [path("privacy/", views.privacy, name="privacy")]
