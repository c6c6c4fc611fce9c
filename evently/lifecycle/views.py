"""The privacy notice, from the registry of retention rules."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from evently.lifecycle.notice import groups


@require_safe
def privacy(request: HttpRequest) -> HttpResponse:
    """Say what is stored about people, why and how long."""
    context = {"groups": groups(), "key_backup_days": settings.KEY_BACKUP_LIFETIME.days}
    return render(request, "lifecycle/privacy.html", context)
