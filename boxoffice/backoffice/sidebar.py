"""The navigation of the admin: the registered models that the current user may view.

What belongs to an event (bookings, waitlist entries, offers, prices, attempts) is on the event's
own tabs (`evently/admin/tabs.py`).
"""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse

# (group title, ((model label in lower case, title, Material symbol), …)); "index" is no model.
GROUPS: tuple[tuple[str, tuple[tuple[str, str, str], ...]], ...] = (
    (
        "",
        (
            ("index", "Dashboard", "monitoring"),
            ("events.event", "Events", "event"),
            ("events.eventimport", "Imports", "upload_file"),
        ),
    ),
    (
        "Site",
        (
            ("accounts.user", "Users", "group"),
            ("notifications.emailtemplate", "Email templates", "drafts"),
            ("notifications.emaildelivery", "Delivery log", "outgoing_mail"),
            ("notifications.suppression", "Suppressed addresses", "unsubscribe"),
            ("notifications.notification", "Notifications", "notifications"),
            ("accounts.apitoken", "API tokens", "key"),
            ("audit.auditlog", "Audit log", "history"),
            ("erasure.erasure", "Erasures", "person_off"),
            ("lifecycle.coldfile", "Retention", "inventory_2"),
        ),
    ),
)


def navigation(request: HttpRequest) -> list[dict[str, Any]]:
    """Return the navigation in the shape of UNFOLD's SIDEBAR setting."""
    registered = {
        model._meta.label_lower: model_admin for model, model_admin in admin.site._registry.items()
    }
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
