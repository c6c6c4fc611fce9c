"""Every variable of the environment that Evently reads, with what its value must be.

`.env.example` lists the same ones (a test compares them). A new variable needs an entry here;
`evently.configuration` checks all of them before anything starts.
"""

from dataclasses import dataclass

from evently import variable_checks as checks
from evently.lifecycle import storage


@dataclass(frozen=True)
class Variable:
    """One variable. required: what to set it to, if production needs it.

    instead: another variable that may be set in its place, but not along with it.
    """

    name: str
    check: checks.Check
    required: str = ""
    instead: str = ""


RANDOM = 'the output of: python3 -c "import secrets; print(secrets.token_urlsafe(48))"'
WORKERS = checks.number(1, 256)

VARIABLES = (
    Variable("DEBUG", checks.boolean),
    Variable("DEVELOPMENT_ALLOWS", checks.allowances),
    Variable("DEMO", checks.boolean),
    Variable("ROLES", checks.roles),
    Variable("MIGRATE_ON_START", checks.boolean),
    Variable("PORT", checks.number(1, 65535)),
    Variable("BIND", checks.bind),
    Variable(
        "PUBLIC_URL",
        checks.public_url,
        "the site's address, for example https://tickets.example.org",
    ),
    Variable("ALLOWED_HOSTS", checks.hosts),
    Variable("TRUSTED_PROXIES", checks.trusted_proxies),
    Variable("SECURE_SSL_REDIRECT", checks.boolean),
    Variable("SECURE_HSTS_SECONDS", checks.number(0, 10 * checks.YEAR_SECONDS)),
    Variable("SECURE_HSTS_INCLUDE_SUBDOMAINS", checks.boolean),
    Variable("SECURE_HSTS_PRELOAD", checks.boolean),
    Variable("SITE_NAME", checks.site_name),
    Variable("SITE_CONTACT", checks.contact),
    Variable("SECURITY_CONTACT", checks.contact),
    Variable("LOG_LEVEL", checks.log_level),
    Variable("LOG_CLIENT", checks.one_of("truncated", "full", "none")),
    Variable("METRICS_TOKEN", checks.token),
    Variable("METRICS_PORT", checks.number(1, 65535)),
    Variable("STATIC_ROOT", checks.one_line),
    Variable("COLD_STORAGE_URL", storage.problem_with),
    Variable("LIFECYCLE_HOUR", checks.number(0, 23)),
    Variable("EVENTLY_HOME", checks.one_line),
    Variable("DATABASE_URL", checks.database_url),
    Variable("DATABASE_OWNER_URL", checks.database_url),
    Variable("ANALYTICS_DATABASE_URL", checks.database_url),
    Variable("REPORTING_DATABASE_URL", checks.database_url),
    Variable("REDIS_URL", checks.redis_url),
    Variable("STATEMENT_TIMEOUT_SECONDS", checks.number(1, 3600)),
    Variable("MESSAGES_PER_DAY", checks.number(1, 100)),
    Variable("ANALYTICS_SMALLEST_GROUP", checks.number(5, 1000)),
    Variable("SECRET_KEY", checks.secret_key, RANDOM),
    Variable("SECRET_KEY_FALLBACKS", checks.secrets),
    Variable("EVENTLY_DIGEST_KEY", checks.secret, RANDOM),
    Variable("EVENTLY_DIGEST_KEY_FALLBACKS", checks.secrets),
    Variable(
        "EVENTLY_PII_KEYS", checks.pii_keys, 'the output of: echo "2026:$(openssl rand -base64 32)"'
    ),
    Variable(
        "EMAIL_URL",
        checks.email_url,
        "your SMTP server, for example smtp+tls://user:password@mail.example.org:587",
        instead="EMAIL_PROVIDERS",
    ),
    Variable("EMAIL_PROVIDERS", checks.providers),
    Variable("RECEIPT_KEYS", checks.pii_keys),
    Variable("ACCOUNT_DELETION_DAYS", checks.number(0, 365)),
    Variable("ERASURE_REGISTER", checks.register),
    Variable("KEY_BACKUP_DAYS", checks.number(1, 365)),
    Variable("KEY_BACKUP_FOLDER", checks.one_line),
    Variable("SECOND_FACTOR_REQUIRED", checks.one_of("off", "superusers", "organizers")),
    Variable("RECENT_PROOF_MINUTES", checks.number(1, 1440)),
    Variable("SESSION_IDLE_DAYS", checks.number(1, 30)),
    Variable("ORGANIZER_SESSION_IDLE_HOURS", checks.number(1, 720)),
    Variable("DEFAULT_FROM_EMAIL", checks.sender),
    Variable("REPLY_TO_DOMAINS", checks.domains),
    Variable("EMAIL_CA_FILE", checks.readable_file),
    Variable("HOLD_EMAILS", checks.boolean),
    Variable("SENT_EMAIL_DAYS", checks.number(0, 365)),
    Variable("BOUNCE_ADDRESS", checks.bounce_address),
    Variable("BOUNCE_MAILBOX_URL", checks.mailbox_url),
    Variable("SENDGRID_WEBHOOK_KEY", checks.webhook_key),
    Variable("EMAIL_WEBHOOK_KEYS", checks.webhook_keys),
    Variable("EMAIL_DKIM_SELECTORS", checks.selectors),
    Variable("EMAIL_DNS_SERVER", checks.dns_server),
    Variable("WEB_WORKERS", WORKERS),
    Variable("WEB_THREADS", WORKERS),
    Variable("TASK_WORKERS", WORKERS),
    Variable("EMAIL_LANES", WORKERS),
    Variable("EMAIL_NICENESS", checks.number(0, 19)),
    Variable("DATABASE_POOL_MAX_SIZE", checks.number(0, 1000)),
    Variable("CONN_MAX_AGE_SECONDS", checks.number(0, 86400)),
    Variable("API_RATE_PER_MINUTE", checks.number(1, 1_000_000)),
    Variable("GUESTS_PER_HOUR", checks.number(1, 1_000_000)),
    Variable("DRAND_SERVERS", checks.servers),
)
NAMES = frozenset(variable.name for variable in VARIABLES)

# Variables of earlier releases, with what has taken their place. Each sentence follows the name.
REMOVED = {
    "TRUST_PROXY": (
        "was replaced by TRUSTED_PROXIES, since it trusted whatever address a client put into "
        "X-Forwarded-For. Remove it, and set TRUSTED_PROXIES to the proxy's address (a proxy on "
        "this machine: TRUSTED_PROXIES=127.0.0.1,::1) or to the number of proxies"
    )
}
