"""What all pages share: the site's name in templates, and the answer to a lost form token."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def site(request: HttpRequest) -> dict[str, Any]:
    """Give templates the site's name and address, and whether this is development."""
    return {
        "site_name": settings.SITE_NAME,
        "public_url": settings.PUBLIC_URL,
        "development": settings.DEBUG,
    }


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Answer a form whose token was lost, without losing what the person can do next."""
    return render(request, "errors/csrf.html", {"back_url": request.path}, status=403)
