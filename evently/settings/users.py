"""Users, sessions, the keys of personal data, and lifetimes of what users hold."""

from datetime import timedelta

from evently import environment
from evently.embedded import addresses
from evently.environment import env, secret
from evently.redaction import Hidden
from evently.variable_checks import split

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
    {"NAME": "evently.accounts.password_rules.SiteWordsValidator"},
]
LOGIN_URL = "log_in"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "home"
PASSWORD_RESET_TIMEOUT = int(timedelta(hours=4).total_seconds())
SESSION_ENGINE = "evently.accounts.sessions"
SESSION_COOKIE_AGE = int(timedelta(days=30).total_seconds())
# How long a session may be unused: those of organizers and superusers, who see other people's data,
# end sooner (evently.accounts.session_limits).
SESSION_IDLE_LIMIT = timedelta(days=env.int("SESSION_IDLE_DAYS", default=14))
ORGANIZER_SESSION_IDLE_LIMIT = timedelta(hours=env.int("ORGANIZER_SESSION_IDLE_HOURS", default=12))
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "evently.pages.csrf_failure"

EVENTLY_PII_KEYS = environment.pii_keys()
EVENTLY_DIGEST_KEY = secret("EVENTLY_DIGEST_KEY", development="development-only-digest-key")
# Other keys that users are found by while `redigest_addresses` has not run.
EVENTLY_DIGEST_KEY_FALLBACKS = split(env.str("EVENTLY_DIGEST_KEY_FALLBACKS", default=""))

# Guests' waitlist entries for one event from one client (`bookings.operations.guest_limits`).
GUESTS_PER_HOUR = env.int("GUESTS_PER_HOUR", default=30)
# How long the deletion of an account can be undone before it is carried out.
ACCOUNT_DELETION_DELAY = timedelta(days=env.int("ACCOUNT_DELETION_DAYS", default=7))
# Analysts see nothing of fewer persons than this (`boxoffice.analysts`); the database demands 5.
ANALYTICS_SMALLEST_GROUP = env.int("ANALYTICS_SMALLEST_GROUP", default=5)
# Keys that sign receipts of erasures, by name; the first one signs. Without any, keys that are
# derived from SECRET_KEY do (evently.erasure.signing).
RECEIPT_KEYS = environment.receipt_keys()
# Where erasures are registered outside the database: a file, or a URL.
ERASURE_REGISTER = env.str("ERASURE_REGISTER", default=str(addresses.home() / "erasures.jsonl"))
if "@" in ERASURE_REGISTER:
    # A URL with a password.
    ERASURE_REGISTER = Hidden(ERASURE_REGISTER)
# How long backups of people's keys are kept (evently.embedded.backup); receipts say so.
KEY_BACKUP_LIFETIME = timedelta(days=env.int("KEY_BACKUP_DAYS", default=14))
# Who needs a second factor: off, superusers, organizers (which includes superusers).
SECOND_FACTOR_REQUIRED = env.str(
    "SECOND_FACTOR_REQUIRED", default="off" if environment.DEBUG else "superusers"
)
# How recent a password or a second factor has to be for risky acts (`evently.accounts.risky`).
RECENT_PROOF = timedelta(minutes=env.int("RECENT_PROOF_MINUTES", default=15))
QUOTE_LIFETIME = timedelta(minutes=15)
TOKEN_LIFETIME = timedelta(days=30)
IDEMPOTENCY_LIFETIME = timedelta(hours=48)
