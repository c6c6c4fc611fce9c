"""What the value of a variable of the environment must be (`evently.variables`)."""

import base64
import binascii
import re
from collections.abc import Callable
from email.utils import parseaddr
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import SplitResult, unquote, urlsplit

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import load_der_public_key

from evently import email_providers, email_webhooks, proxies
from evently.dns_servers import server_of

# Returns what is wrong with a value, as the rest of a sentence that begins with the name; or "".
Check = Callable[[str], str]

TRUE = frozenset({"true", "yes", "on", "1", "y", "ok"})
FALSE = frozenset({"false", "no", "off", "0", "n"})
LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
EMAIL_SCHEMES = (*email_providers.SMTP_SCHEMES, *email_providers.KINDS)
OTHER_EMAIL_SCHEMES = ("consolemail", "filemail", "memorymail", "dummymail")
# What a server can run, in the order of their start.
ROLES = ("web", "worker", "mailer", "scheduler")
SHORTEST_SECRET = 16
PII_KEY_BYTES = 32
YEAR_SECONDS = 365 * 24 * 3600
# What development mode can be allowed to use, although it says production.
ALLOWABLE = (
    "ALLOWED_HOSTS",
    "BIND",
    "DATABASE_URL",
    "EMAIL_PROVIDERS",
    "EMAIL_URL",
    "EVENTLY_DIGEST_KEY",
    "EVENTLY_PII_KEYS",
    "METRICS_TOKEN",
    "PUBLIC_URL",
    "REDIS_URL",
    "SECRET_KEY",
)
_HOST_NAME = re.compile(r"\.?(?!-)[A-Za-z0-9_-]{1,63}(\.[A-Za-z0-9_-]{1,63})*\.?")


def split(text: str) -> list[str]:
    """Return the parts of a list separated by commas, without empty ones."""
    return [part.strip() for part in text.split(",") if part.strip()]


def parse_pii_keys(text: str) -> dict[str, bytes]:
    """Return the keys of an EVENTLY_PII_KEYS: name to 32 bytes, the current one first.

    Raises ValueError, with what is wrong.
    """
    keys: dict[str, bytes] = {}
    for part in split(text):
        name, _, encoded = part.partition(":")
        if not name or not encoded:
            raise ValueError(
                "must look like name:key, with 32 bytes of base64, for example the output of: "
                'echo "2026:$(openssl rand -base64 32)"'
            )
        if name in keys:
            raise ValueError(f"has two keys named {name!r}; give each key its own name")
        try:
            key = base64.b64decode(encoded, validate=True)
        except binascii.Error as error:
            raise ValueError(f"has a key {name!r} that is not base64") from error
        if len(key) != PII_KEY_BYTES:
            raise ValueError(f"has a key {name!r} of {len(key)} bytes; it must be 32 bytes")
        keys[name] = key
    return keys


def anything(value: str) -> str:
    return ""


def boolean(value: str) -> str:
    return "" if value.strip().lower() in TRUE | FALSE else f"must be true or false, not {value!r}"


def number(least: int, most: int) -> Check:
    def check(value: str) -> str:
        try:
            number = int(value)
        except ValueError:
            number = None
        if number is not None and least <= number <= most:
            return ""
        return f"must be a whole number from {least} to {most}, not {value!r}"

    return check


def one_line(value: str) -> str:
    return "" if value.isprintable() and value.strip() else "must be one line of text"


def site_name(value: str) -> str:
    return one_line(value) or ("must have at most 100 characters" if len(value) > 100 else "")


def domains(value: str) -> str:
    wrong = [part for part in split(value) if not is_host(part)]
    return f"must be domains such as example.org, with commas, not {wrong[0]!r}" if wrong else ""


def selectors(value: str) -> str:
    label = r"[A-Za-z0-9](?:[A-Za-z0-9_-]*[A-Za-z0-9])?"
    wrong = [part for part in split(value) if not re.fullmatch(rf"{label}(?:\.{label})*", part)]
    return f"must be selectors such as s1, with commas, not {wrong[0]!r}" if wrong else ""


def dns_server(value: str) -> str:
    try:
        server_of(value)
    except ValueError as error:
        return str(error)
    return ""


def servers(value: str) -> str:
    wrong = [part for part in split(value) if not part.startswith(("https://", "http://"))]
    if not split(value):
        return "must name at least one URL"
    return f"must be URLs, with commas, not {wrong[0]!r}" if wrong else ""


def log_level(value: str) -> str:
    good = value in LOG_LEVELS
    return "" if good else f"must be one of {', '.join(LOG_LEVELS)}, not {value!r}"


def one_of(*choices: str) -> Check:
    def check(value: str) -> str:
        return "" if value in choices else f"must be one of {', '.join(choices)}, not {value!r}"

    return check


def secret(value: str) -> str:
    if len(value) < SHORTEST_SECRET:
        return f"has only {len(value)} characters; use a long random value"
    return "" if value.isprintable() else "contains a line break or control character"


def secret_key(value: str) -> str:
    if value.startswith(("development-only", "django-insecure")):
        return "is a public value for development; set a long random one"
    return secret(value)


def secrets(value: str) -> str:
    return next((found for part in split(value) if (found := secret(part))), "")


def pii_keys(value: str) -> str:
    try:
        return "" if parse_pii_keys(value) else "contains no key"
    except ValueError as error:
        return str(error)


def register(value: str) -> str:
    whole = (
        "must be a whole path, such as /var/lib/evently-register/erasures.jsonl, or an https URL, "
        "such as https://user:password@register.example.org/evently (special characters in the "
        "password percent-encoded)"
    )
    if "://" not in value:
        return "" if value.startswith("/") else whole
    # The value is not quoted: a URL may contain a password.
    parts = parse_url(value)
    if parts is None or parts.scheme not in {"https", "http"} or not parts.hostname:
        return whole
    if parts.query or parts.fragment:
        return "must be a URL without a query, to which /1, /2 … can be added"
    if parts.scheme == "http" and parts.hostname not in {"localhost", "127.0.0.1", "::1"}:
        return "must be https, unless it is on this machine"
    return ""


def token(value: str) -> str:
    good = value.isascii() and value.isprintable() and " " not in value
    return "" if good else "must be a token without spaces and special characters"


def parse_url(value: str) -> SplitResult | None:
    """Return the parts of a URL; None if it cannot be read or its port is no port."""
    try:
        parts = urlsplit(value)
        port = parts.port
    except ValueError:
        return None
    bad = any(not character.isprintable() or character == " " for character in value)
    return None if bad or port == 0 else parts


def public_url(value: str) -> str:
    example = "such as https://tickets.example.org"
    parts = parse_url(value)
    if parts is None or parts.scheme not in {"http", "https"} or not parts.hostname:
        return f"must be the site's whole address, {example}, not {value!r}"
    if parts.username is not None or parts.query or parts.fragment:
        return f"must have only a scheme and a host, {example}"
    if parts.path not in {"", "/"}:
        return (
            f"has the path {parts.path!r}, but Evently needs a host name of its own, {example}; "
            "it cannot run under a path"
        )
    return "" if is_host(parts.hostname) else f"has no valid host name: {parts.hostname!r}"


def is_host(text: str) -> bool:
    try:
        ip_address(text.strip("[]"))
    except ValueError:
        return bool(_HOST_NAME.fullmatch(text)) or not text.isascii()
    return True


def hosts(value: str) -> str:
    wrong = [part for part in split(value) if part != "*" and not is_host(part)]
    return (
        f"must list host names separated by commas, such as tickets.example.org, not {wrong[0]!r}"
        if wrong
        else ""
    )


def bind(value: str) -> str:
    if value.startswith("unix:"):
        return "" if value[5:].startswith("/") else "needs a whole path: unix:/run/evently.sock"
    if is_host(value):
        return ""
    return (
        "must be an address such as 127.0.0.1, 0.0.0.0 or ::1 (the port is PORT), or "
        f"unix:/run/evently.sock, not {value!r}"
    )


def trusted_proxies(value: str) -> str:
    try:
        proxies.parse(value)
    except ValueError as error:
        return (
            "must be the number of proxies, or their addresses or networks separated by commas, "
            f"such as 127.0.0.1,10.0.0.0/8 (or unix), not {str(error)!r}"
        )
    return ""


def database_url(value: str) -> str:
    parts = parse_url(value)
    good = parts and parts.scheme in {"postgres", "postgresql", "psql", "pgsql"}
    if not good or not parts or not unquote(parts.path).strip("/"):
        return (
            "must look like postgres://user:password@host:5432/database (special characters in the "
            "password percent-encoded)"
        )
    return ""


def redis_url(value: str) -> str:
    parts = parse_url(value)
    number = parts.path.strip("/") if parts else ""
    good = parts and parts.scheme in {"redis", "rediss"} and parts.hostname
    if not good or not (number.isdigit() or not number):
        return (
            "must look like redis://:password@host:6379/0 (special characters in the password "
            "percent-encoded)"
        )
    return ""


def email_url(value: str) -> str:
    parts = parse_url(value)
    if parts and parts.scheme in OTHER_EMAIL_SCHEMES:
        return ""
    if parts is None or parts.scheme not in EMAIL_SCHEMES:
        return f"must look like {email_providers.EXAMPLE}"
    try:
        email_providers.parse_one(value)
    except ValueError as error:
        return str(error)
    return ""


def providers(value: str) -> str:
    try:
        email_providers.parse(value)
    except ValueError as error:
        return str(error)
    return ""


def bounce_address(value: str) -> str:
    # What is added to it has 49 characters, and mail servers take 64 before the @.
    if re.fullmatch(r"[A-Za-z0-9._-]{1,15}@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+", value):
        return ""
    return "must look like bounces@example.org, with at most 15 characters before the @"


def mailbox_url(value: str) -> str:
    parts = parse_url(value)
    if parts and parts.scheme in {"imap", "imaps"} and parts.hostname and parts.username:
        return ""
    return (
        "must look like imaps://user:password@mail.example.org/INBOX (special characters in user "
        "and password percent-encoded)"
    )


def webhook_key(value: str) -> str:
    try:
        load_der_public_key(base64.b64decode(value, validate=True))
    except (ValueError, UnsupportedAlgorithm):
        return "must be the verification key that SendGrid shows for its Event Webhook"
    return ""


def webhook_keys(value: str) -> str:
    try:
        email_webhooks.parse(value)
    except ValueError as error:
        return str(error)
    return ""


def readable_file(value: str) -> str:
    try:
        with Path(value).open("rb"):
            return ""
    except OSError as error:
        return f"must be a file that Evently can read: {value!r} ({error.strerror})"


def roles(value: str) -> str:
    wrong = [part for part in split(value) if part not in ROLES]
    return f"can contain {', '.join(ROLES)}, not {wrong[0]!r}" if wrong else ""


def sender(value: str) -> str:
    address = parseaddr(value)[1]
    if not value.isprintable() or "@" not in address.strip("@"):
        return "must look like Evently <tickets@example.org>"
    return ""


def contact(value: str) -> str:
    url = urlsplit(value)
    is_url = url.scheme == "https" and bool(url.netloc)
    is_address = re.fullmatch(r"[^\s@:]+@[^\s@:]+", value) is not None
    if value.isprintable() and (is_url or is_address):
        return ""
    return "must be an email address, or a URL that begins with https://"


def allowances(value: str) -> str:
    wrong = [part for part in split(value) if part not in ALLOWABLE]
    return f"can contain {', '.join(ALLOWABLE)}, not {wrong[0]!r}" if wrong else ""
