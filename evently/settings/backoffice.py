"""The admin's theme."""

from django.templatetags.static import static

from evently.settings.site import SITE_NAME

UNFOLD = {
    "SITE_TITLE": SITE_NAME,
    "SITE_HEADER": SITE_NAME,
    "SITE_URL": "/",
    "SITE_ICON": lambda request: static("img/mark.svg"),
    "SITE_FAVICONS": [
        {"rel": "icon", "type": "image/svg+xml", "href": lambda request: static("img/mark.svg")}
    ],
    "SHOW_HISTORY": False,
    "SHOW_VIEW_ON_SITE": False,
    "ENVIRONMENT": None,
    "STYLES": [
        lambda request: static("css/components/plot.css"),
        lambda request: static("css/admin.css"),
        lambda request: static("css/admin-lists.css"),
        lambda request: static("css/admin-event.css"),
        lambda request: static("css/admin-history.css"),
        lambda request: static("css/admin-prices.css"),
        lambda request: static("css/admin-analytics.css"),
        lambda request: static("css/admin-emails.css"),
    ],
    "SCRIPTS": [lambda request: static("js/admin.js")],
    "LOGIN": {"form": "evently.accounts.admin_login.AddressLoginForm"},
    "DASHBOARD_CALLBACK": "boxoffice.backoffice.dashboard.dashboard_context",
    "SIDEBAR": {"navigation": "boxoffice.backoffice.sidebar.navigation"},
    # The accent color of the pages (static/css/tokens.css).
    "COLORS": {
        "primary": {
            "50": "oklch(97.5% .018 165)",
            "100": "oklch(94.5% .035 163)",
            "200": "oklch(89% .065 162)",
            "300": "oklch(82% .11 161)",
            "400": "oklch(74% .135 160)",
            "500": "oklch(62% .13 161)",
            "600": "oklch(47.5% .1 163)",
            "700": "oklch(41% .085 164)",
            "800": "oklch(35% .07 165)",
            "900": "oklch(30% .055 166)",
            "950": "oklch(21% .04 168)",
        }
    },
}
