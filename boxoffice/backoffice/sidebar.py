"""The admin's navigation: what the person may see, of what is registered."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse

# (title, [(model, title, Material symbol)]); a model is its label in lower case.
GROUPS: tuple[tuple[str, tuple[tuple[str, str, str], ...]], ...] = (
    (
        "",
        (
            ("index", "Dashboard", "monitoring"),
            ("events.event", "Events", "event"),
            ("bookings.booking", "Bookings", "confirmation_number"),
            ("waitlists.waitlistentry", "Waitlist", "hourglass_top"),
            ("waitlists.promotion", "Offers", "redeem"),
        ),
    ),
    (
        "Watch",
        (
            ("bookings.bookingattempt", "Attempts", "troubleshoot"),
            ("events.pricechange", "Prices", "trending_up"),
        ),
    ),
    (
        "Telling people",
        (
            ("notifications.emailtemplate", "Mail templates", "drafts"),
            ("notifications.emaildelivery", "Delivery log", "outgoing_mail"),
            ("notifications.notification", "Messages", "notifications"),
        ),
    ),
    (
        "Site",
        (
            ("accounts.user", "People", "group"),
            ("accounts.apitoken", "API tokens", "key"),
            ("audit.auditlog", "Audit trail", "history"),
        ),
    ),
)


def navigation(request: HttpRequest) -> list[dict[str, Any]]:
    """Return the navigation in the form that UNFOLD's SIDEBAR takes."""
    registered = {model._meta.label_lower: one for model, one in admin.site._registry.items()}
    groups: list[dict[str, Any]] = []
    for title, entries in GROUPS:
        items = []
        for label, name, icon in entries:
            if label == "index":
                items.append({"title": name, "icon": icon, "link": reverse("admin:index")})
                continue
            model_admin = registered.get(label)
            if model_admin is None or not model_admin.has_view_permission(request):
                continue
            url = reverse(f"admin:{label.replace('.', '_')}_changelist")
            items.append({"title": name, "icon": icon, "link": url})
        if items:
            groups.append({"title": title, "separator": bool(groups), "items": items})
    return groups
