"""What DNS says of the domains that emails are sent from, for superusers who ask for it."""

from django.conf import settings
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path

from notifications.sender_domains.checking import check_domains
from notifications.sender_domains.findings import Finding, Level
from notifications.sender_domains.lookup import Lookup

# A page is waited for, and a server that answers does so at once.
SECONDS = 2.0
WORDS = {
    Level.FINE: "Fine",
    Level.ADVICE: "Advice",
    Level.UNKNOWN: "Not known",
    Level.PROBLEM: "Problem",
}


class SenderDomainsPage:
    """Adds the page to those of an admin class."""

    def get_urls(self) -> list[URLPattern]:
        view = admin.site.admin_view(sender_domains_page)
        url = path("sender-domains/", view, name="notifications_sender_domains")
        return [url, *super().get_urls()]  # type: ignore[misc]


def sender_domains_page(request: HttpRequest) -> HttpResponse:
    """Ask DNS, and show what it says; on a POST only. Raises PermissionDenied."""
    if not request.user.is_superuser:
        raise PermissionDenied
    is_asked = request.method == "POST"
    context = {
        **admin.site.each_context(request),
        "title": "DNS records of the sender",
        "rows": _rows() if is_asked else None,
        "sender": settings.DEFAULT_FROM_EMAIL,
        "bounces": settings.BOUNCE_ADDRESS,
    }
    # Without the form, as after going back, there is its button.
    return TemplateResponse(
        request,
        "admin/notifications/sender_domains.html",
        context,
        status=200 if is_asked else 405,
        headers={} if is_asked else {"Allow": "POST"},
    )


def _rows() -> list[dict[str, object]]:
    lookup = Lookup(settings.EMAIL_DNS_SERVER, seconds=SECONDS)
    return [_row(finding) for finding in check_domains(lookup)]


def _row(finding: Finding) -> dict[str, object]:
    return {
        "about": finding.about,
        "domain": finding.domain,
        "text": finding.text,
        "add": finding.add.line if finding.add is not None else "",
        "level": WORDS[finding.level],
        "is_bad": finding.level == Level.PROBLEM,
    }
