"""Settings. Everything that differs between installations comes from the environment.

`.env.example` lists every variable. Development has safe defaults; with DEBUG=false a missing
secret prevents the start, with an error that says what to set.
"""

from datetime import timedelta
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.templatetags.static import static
from kombu import Queue

from evently import environment
from evently.embedded import addresses
from evently.environment import BASE_DIR, env, secret

DEBUG = environment.DEBUG
SECRET_KEY = secret("SECRET_KEY", development="development-only-" + "k" * 48)

PORT = env.int("PORT", default=8000)
PUBLIC_URL = env.str("PUBLIC_URL", default=f"http://localhost:{PORT}").rstrip("/")
ALLOWED_HOSTS = env.list(
    "ALLOWED_HOSTS",
    default=["*"] if DEBUG else [environment.host_of(PUBLIC_URL), "127.0.0.1", "localhost"],
)
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]
SITE_NAME = env.str("SITE_NAME", default="Evently")

# ── Applications ────────────────────────────────────────────────────────────
INSTALLED_APPS = [
    "evently",
    "evently.accounts",
    "evently.privacy",
    "evently.audit",
    "evently.idempotency",
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
    "django_htmx",
    "django_filters",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
]

MIDDLEWARE = [
    "evently.logs.RequestLogMiddleware",
    "evently.middleware.RequestGuardMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "evently.middleware.PolicyMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "evently.middleware.PrivateAnswersMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
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
            ]
        },
    }
]

# ── Database and broker ─────────────────────────────────────────────────────
# The application's role owns no table, so it cannot disable triggers. Migrations run as the owner,
# under the alias "owner" (the default of `manage.py migrate`).
DATABASE_URL = env.str("DATABASE_URL", default="") or addresses.database_url(role="app")
DATABASE_OWNER_URL = env.str("DATABASE_OWNER_URL", default="") or (
    env.str("DATABASE_URL", default="") or addresses.database_url(role="owner")
)
REDIS_URL = env.str("REDIS_URL", default="") or addresses.redis_url()

DATABASE_POOL_MAX_SIZE = env.int("DATABASE_POOL_MAX_SIZE", default=0)
LOCK_TIMEOUT = timedelta(seconds=3)
STATEMENT_TIMEOUT = timedelta(seconds=env.int("STATEMENT_TIMEOUT_SECONDS", default=15))


def _milliseconds(duration: timedelta) -> int:
    return int(duration / timedelta(milliseconds=1))


def _database(url: str, *, guarded: bool) -> dict[str, Any]:
    """Return the settings of one database; guarded: with time-outs and a pool, as for requests."""
    config: dict[str, Any] = environment.env.db_url_config(url)
    config["ENGINE"] = "django.db.backends.postgresql"
    options = config.setdefault("OPTIONS", {})
    options["connect_timeout"] = 3
    options["application_name"] = "evently"
    if guarded:
        options["options"] = (
            f"-c lock_timeout={_milliseconds(LOCK_TIMEOUT)} "
            f"-c statement_timeout={_milliseconds(STATEMENT_TIMEOUT)} "
            "-c idle_in_transaction_session_timeout=60000"
        )
        config["CONN_HEALTH_CHECKS"] = True
        if DATABASE_POOL_MAX_SIZE:
            options["pool"] = {"min_size": 1, "max_size": DATABASE_POOL_MAX_SIZE, "timeout": 3}
        else:
            config["CONN_MAX_AGE"] = env.int("CONN_MAX_AGE_SECONDS", default=60)
    return config


DATABASES = {
    "default": _database(DATABASE_URL, guarded=True),
    "owner": _database(DATABASE_OWNER_URL, guarded=False),
}
# In tests the owner creates the test database, and the application's role works in it.
DATABASES["default"]["TEST"] = {"MIRROR": "owner"}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

CACHES = {
    "default": {
        "BACKEND": "django_redis.cache.RedisCache",
        "LOCATION": REDIS_URL,
        "OPTIONS": {
            "IGNORE_EXCEPTIONS": True,
            "SOCKET_CONNECT_TIMEOUT": 0.3,
            "SOCKET_TIMEOUT": 0.3,
        },
        "KEY_PREFIX": "evently",
    }
}

# ── Background work ─────────────────────────────────────────────────────────
CELERY_BROKER_URL = REDIS_URL
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TASK_TIME_LIMIT = 300
CELERY_TASK_SOFT_TIME_LIMIT = 240
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
# Without the two restore options, the tasks of a killed worker are requeued only when it is
# restarted. The visibility time-out exceeds CELERY_TASK_TIME_LIMIT.
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 600,
    "unacked_restore_interval": 5,
    "unacked_restore_throttle": 1,
    "socket_connect_timeout": 0.5,
    "socket_timeout": 30,
    # Without these, publishing a task to a broker that is down takes 6 s, within the request.
    "max_retries": 1,
    "interval_start": 0,
    "interval_step": 0,
    "interval_max": 0,
}
# Overrides for publishing: a request must not wait for a broker that hangs.
PUBLISHER_TRANSPORT_OPTIONS = {
    "socket_connect_timeout": 0.3,
    "socket_timeout": 0.5,
    "max_retries": 0,
}
CELERY_TIMEZONE = "UTC"
# Emails have a queue of their own. Workers take from both queues in turn, so ten thousand emails
# do not delay the tasks that expire offers.
CELERY_TASK_QUEUES = (Queue("celery"), Queue("mail"))
CELERY_TASK_DEFAULT_QUEUE = "celery"
CELERY_TASK_ROUTES = {
    "notifications.tasks.deliver": {"queue": "mail"},
    "notifications.tasks.deliver_many": {"queue": "mail"},
}


def _every(seconds: float, task: str) -> dict[str, Any]:
    """Return a periodic task for the schedule.

    Each run expires when the next one is due, so that runs do not pile up while no worker is
    running; but not within 15 s, so that a worker that is busy for longer than the shortest periods
    still finds one to run.
    """
    return {"task": task, "schedule": seconds, "options": {"expires": max(seconds, 15.0)}}


CELERY_BEAT_SCHEDULE = {
    "expire-promotions": _every(5, "waitlists.tasks.expire_promotions"),
    "repair-waitlists": _every(60, "waitlists.tasks.repair_waitlists"),
    "expire-pending-bookings": _every(60, "bookings.tasks.expire_pending_bookings"),
    "continue-event-cancellations": _every(
        30, "boxoffice.lifecycle.tasks.continue_event_cancellations"
    ),
    "complete-past-events": _every(300, "boxoffice.lifecycle.tasks.complete_past_events"),
    "deliver-missed": _every(10, "notifications.tasks.deliver_missed"),
    "make-partitions": _every(6 * 3600, "notifications.tasks.make_partitions"),
    "forget-idempotency-keys": _every(3600, "evently.idempotency.tasks.forget_old_keys"),
}

# ── Users and sessions ──────────────────────────────────────────────────────
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["evently.accounts.backends.AddressBackend"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 10},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "log_in"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "home"
PASSWORD_RESET_TIMEOUT = int(timedelta(hours=4).total_seconds())
SESSION_COOKIE_AGE = int(timedelta(days=30).total_seconds())
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "evently.pages.csrf_failure"

EVENTLY_PII_KEYS = environment.pii_keys()
EVENTLY_DIGEST_KEY = secret("EVENTLY_DIGEST_KEY", development="development-only-digest-key")

QUOTE_LIFETIME = timedelta(minutes=15)
TOKEN_LIFETIME = timedelta(days=30)
IDEMPOTENCY_LIFETIME = timedelta(hours=48)

# ── Email ───────────────────────────────────────────────────────────────────
# EMAIL_URL=smtp+tls://user:password@host:587 or smtp+ssl://…; development has a local mailbox.
EMAIL_URL = env.str("EMAIL_URL", default="")
EVENTLY_HOME = addresses.home()
DEV_MAILBOX = EVENTLY_HOME / "mail"
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = env.str(
    "DEFAULT_FROM_EMAIL", default=f"{SITE_NAME} <tickets@{environment.host_of(PUBLIC_URL)}>"
)
if EMAIL_URL:
    vars().update(env.email_url("EMAIL_URL"))
    EMAIL_TIMEOUT = 10
elif DEBUG:
    EMAIL_BACKEND = "notifications.devmail.MailboxBackend"
else:
    raise ImproperlyConfigured(
        "EMAIL_URL is not set. Set it to your SMTP server, for example "
        "smtp+tls://user:password@mail.example.org:587"
    )

# ── Language, time, files ───────────────────────────────────────────────────
LANGUAGE_CODE = "en-gb"
FORMAT_MODULE_PATH = "evently.formats"
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = True

STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
WHITENOISE_USE_FINDERS = DEBUG

# ── Security ────────────────────────────────────────────────────────────────
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
FILE_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
HTTPS = PUBLIC_URL.startswith("https://")
SESSION_COOKIE_SECURE = HTTPS
CSRF_COOKIE_SECURE = HTTPS
SECURE_SSL_REDIRECT = HTTPS and env.bool("SECURE_SSL_REDIRECT", default=True)
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$", r"^metrics$"]
SECURE_HSTS_SECONDS = int(timedelta(days=365).total_seconds()) if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS
SECURE_HSTS_PRELOAD = HTTPS
TRUST_PROXY = env.bool("TRUST_PROXY", default=False)
if TRUST_PROXY:
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

# ── API ─────────────────────────────────────────────────────────────────────
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["evently.api.authentication.BearerAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["evently.api.permissions.HasScope"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_PAGINATION_CLASS": "evently.api.pagination.CursorPages",
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_THROTTLE_CLASSES": ["evently.api.throttling.TokenRateThrottle"],
    "EXCEPTION_HANDLER": "evently.api.problems.problem_response",
    "COERCE_DECIMAL_TO_STRING": True,
    "PAGE_SIZE": 20,
    "UNAUTHENTICATED_USER": None,
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
API_RATE_PER_MINUTE = env.int("API_RATE_PER_MINUTE", default=300)
SPECTACULAR_SETTINGS = {
    "TITLE": "Evently API",
    "DESCRIPTION": (
        "Find events, book seats, join waitlists, and organize events. Amounts are strings, times "
        "are RFC 3339 in UTC, ids are UUIDs. Errors are `application/problem+json` with a stable "
        "`code`. Send `Authorization: Bearer <token>` with a token from `POST auth/token/`."
    ),
    "VERSION": "1.0.0",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": r"/api/v1/",
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "ENUM_ADD_EXPLICIT_BLANK_NULL_CHOICE": False,
    "ENUM_NAME_OVERRIDES": {
        "EventStatus": "events.models.EventStatus",
        "BookingStatus": "bookings.models.BookingStatus",
        "EntryStatus": "waitlists.models.EntryStatus",
        "PromotionStatus": "waitlists.models.PromotionStatus",
    },
}

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
    "STYLES": [lambda request: static("css/admin.css")],
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

LOGGING_CONFIG = "evently.logs.configure"
LOGGING = {"json": not DEBUG, "level": env.str("LOG_LEVEL", default="INFO")}
