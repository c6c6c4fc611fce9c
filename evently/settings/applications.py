"""Installed apps, middleware, URLs and templates."""

from evently.environment import BASE_DIR

INSTALLED_APPS = [
    "evently",
    "evently.accounts",
    "evently.privacy",
    "evently.audit",
    "evently.idempotency",
    "evently.erasure",
    "evently.lifecycle",
    "events",
    "bookings",
    "waitlists",
    "notifications",
    "boxoffice",
    "unfold",
    "unfold.contrib.filters",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django.contrib.sitemaps",
    "django_htmx",
    "django_filters",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
]

MIDDLEWARE = [
    "evently.logs.RequestLogMiddleware",
    "evently.compression.CompressionMiddleware",
    "evently.origin.ForwardedSchemeMiddleware",
    "evently.development.DevelopmentGuardMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "evently.middleware.PolicyMiddleware",
    "evently.middleware.RequestGuardMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "evently.middleware.DatabaseGuardMiddleware",
    "evently.cookies.EarlierCookiesMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "evently.accounts.middleware.AuthenticationMiddleware",
    "evently.middleware.PrivateAnswersMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "evently.accounts.middleware.SessionMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "evently.audit.middleware.AuditContextMiddleware",
    "evently.middleware.RefusalMiddleware",
]

ROOT_URLCONF = "evently.urls"
WSGI_APPLICATION = "evently.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "evently.pages.site",
                "notifications.context.inbox",
            ],
            "builtins": ["evently.templatetags.components"],
        },
    }
]
FORM_RENDERER = "evently.form_renderer.FormRenderer"
