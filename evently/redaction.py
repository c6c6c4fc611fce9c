"""Keep personal data and secrets out of the logs."""

import re
from collections.abc import Mapping, MutableMapping
from typing import Any

HIDDEN = "…"
LONGEST_PATH = 300

SENSITIVE_KEYS = frozenset(
    {
        "address",
        "authorization",
        "body",
        "cookie",
        "cookies",
        "email",
        "first_name",
        "full_name",
        "headers",
        "ip",
        "ip_address",
        "key",
        "last_name",
        "name",
        "new_password",
        "password",
        "payload",
        "phone",
        "query_string",
        "quote",
        "recipient",
        "remote_addr",
        "secret",
        "session",
        "sessionid",
        "to",
        "token",
        "user_agent",
    }
)
_UUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", re.IGNORECASE)
_ADDRESS = re.compile(r"[^\s@<>\"'(),;:=]+@[^\s@<>\"'(),;:]+\.[^\s@<>\"'(),;:]+")
# PostgreSQL quotes whole rows after these words.
_DETAIL = re.compile(r"^(?:DETAIL|CONTEXT):.*$", re.MULTILINE)
# The password of a URL, as in postgres://user:password@host
_CREDENTIALS = re.compile(r"(\w+://[^\s:/@]*):[^\s/@]+@")
# A key behind a URL, as in s3://bucket?secret_key=…
_KEYS = re.compile(r"\b((?:access|secret)_key=)[^\s&'\"]+")
_LONGEST_WORD = 24


class Hidden(str):
    """A secret that settings and error pages show as "…", and that works like any other text."""

    def __repr__(self) -> str:
        return repr(HIDDEN)


def _hide_segment(segment: str) -> str:
    if _UUID.fullmatch(segment):
        return segment
    opaque = len(segment) > _LONGEST_WORD and not segment.replace("-", "").isalpha()
    return HIDDEN if opaque or "@" in segment or "%40" in segment else segment


def redact_path(path: str, kwargs: Mapping[str, Any] | None = None) -> str:
    """Return a path without tokens and email addresses.

    kwargs: what the URL pattern captured. A captured token or code is hidden whatever it looks
    like; anything that looks like a token is hidden anywhere, for paths that match no pattern.
    """
    hidden = {
        str(value)
        for name, value in (kwargs or {}).items()
        if "token" in name or "secret" in name or "code" in name
    }
    if not path.isprintable():
        path = "".join(char if char.isprintable() else f"\\x{ord(char):02x}" for char in path)
    parts = [HIDDEN if part in hidden else _hide_segment(part) for part in path.split("/")]
    return "/".join(parts)[:LONGEST_PATH]


def redact_text(text: str) -> str:
    """Return a text without email addresses, database rows and passwords in URLs."""
    if "://" in text:
        text = _CREDENTIALS.sub(rf"\1:{HIDDEN}@", text)
    if "@" in text:
        text = _ADDRESS.sub(HIDDEN, text)
    if "_key=" in text:
        text = _KEYS.sub(rf"\1{HIDDEN}", text)
    return _DETAIL.sub("", text) if "DETAIL:" in text or "CONTEXT:" in text else text


def redact_event(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> Any:
    """Drop sensitive keys from a log line and redact its texts (a structlog processor)."""
    for key in list(event):
        value = event[key]
        if key.lower() in SENSITIVE_KEYS:
            del event[key]
        elif isinstance(value, str):
            event[key] = redact_text(value)
        elif isinstance(value, Mapping):
            event[key] = redact_event(None, "", dict(value))
    return event
