"""The privacy notice, from the registry of retention rules."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from evently.lifecycle.notice import groups


@require_safe
def privacy(request: HttpRequest) -> HttpResponse:
    """Say what is stored about people, why and how long."""
    return render(request, "lifecycle/privacy.html", {"groups": groups()})
