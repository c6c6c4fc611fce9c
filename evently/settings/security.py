"""Limits of uploads, HTTPS, proxies, and the content security policy."""

from datetime import timedelta

from evently import proxies
from evently.environment import env
from evently.settings.site import PUBLIC_URL

DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
FILE_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
DEFAULT_EXCEPTION_REPORTER_FILTER = "evently.error_pages.RedactingFilter"
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
# Whom people ask about their account and their data: an email address or a URL.
SITE_CONTACT = env.str("SITE_CONTACT", default="")
# Where to report a vulnerability: an email address or a URL, for /.well-known/security.txt.
SECURITY_CONTACT = env.str("SECURITY_CONTACT", default="")
HTTPS = PUBLIC_URL.startswith("https://")
# Other hosts of the domain cannot set a cookie of such a name (evently.cookies).
COOKIE_PREFIX = "__Host-" if HTTPS else ""
SESSION_COOKIE_NAME = f"{COOKIE_PREFIX}sessionid"
CSRF_COOKIE_NAME = f"{COOKIE_PREFIX}csrftoken"
MESSAGES_COOKIE_NAME = f"{COOKIE_PREFIX}messages"
MESSAGE_STORAGE = "evently.cookies.MessageStorage"
SESSION_COOKIE_SECURE = HTTPS
CSRF_COOKIE_SECURE = HTTPS
CSRF_COOKIE_HTTPONLY = True
SECURE_SSL_REDIRECT = HTTPS and env.bool("SECURE_SSL_REDIRECT", default=True)
# The API refuses http instead (evently.middleware): a client that is redirected would go on sending
# its token in the clear.
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$", r"^metrics$", r"^api/"]
# For this host alone: what else the domain has may not speak https, and preloading cannot be undone
# for months.
SECURE_HSTS_SECONDS = (
    env.int("SECURE_HSTS_SECONDS", default=int(timedelta(days=365).total_seconds())) if HTTPS else 0
)
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS and env.bool("SECURE_HSTS_INCLUDE_SUBDOMAINS", default=False)
SECURE_HSTS_PRELOAD = HTTPS and env.bool("SECURE_HSTS_PRELOAD", default=False)
# `check --deploy` recommends both; only the domain's owner can say whether they fit.
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]
TRUSTED_PROXIES = proxies.parse(env.str("TRUSTED_PROXIES", default=""))
if TRUSTED_PROXIES:
    # Read after ForwardedSchemeMiddleware, which leaves only what trusted proxies wrote.
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "object-src": ["'none'"],
        "base-uri": ["'none'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
    },
}

# The admin's theme uses Alpine, which evaluates attributes, and inline styles. Inline scripts stay
# forbidden.
ADMIN_CONTENT_SECURITY_POLICY = {
    "script-src": ["'self'", "'unsafe-eval'"],
    "style-src": ["'self'", "'unsafe-inline'"],
}
