"""COLD_STORAGE_URL as Django's storage: a folder of this machine, or a bucket of S3."""

import re
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit

from evently.redaction import Hidden

# What the URL of a bucket may set.
S3_OPTIONS = (
    "endpoint_url",
    "region_name",
    "access_key",
    "secret_key",
    "addressing_style",
    "storage_class",
)
ADDRESSING_STYLES = ("auto", "path", "virtual")
SECRETS = ("access_key", "secret_key")
BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,62}")
THIS_MACHINE = ("localhost", "127.0.0.1", "::1")
# The URL is never quoted: it may contain a key.
FORMS = "file:///srv/cold, or s3://bucket/folder?region_name=eu-central-1"
ENDPOINT = "endpoint_url=https://storage.example.org"


def storage_of(url: str, *, folder: Path) -> dict[str, Any]:
    """Return the entry of STORAGES. folder: where files go if no URL is set."""
    parts = urlsplit(url)
    if parts.scheme != "s3":
        location = unquote(parts.path) if url else str(folder)
        return {
            "BACKEND": "evently.lifecycle.folder.PrivateFolder",
            "OPTIONS": {"location": location},
        }
    options = dict(_options(parts))
    return {
        "BACKEND": "evently.lifecycle.bucket.Bucket",
        "OPTIONS": {
            "bucket": parts.netloc,
            "folder": unquote(parts.path).strip("/"),
            **options,
            **{name: Hidden(options[name]) for name in SECRETS if name in options},
        },
    }


def problem_with(url: str) -> str:
    """Return what is wrong with a COLD_STORAGE_URL, as the rest of a sentence; or ""."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return _form("a folder or a bucket")
    if parts.scheme == "file":
        is_folder = parts.path.startswith("/") and not parts.netloc
        is_whole = not parts.query and not parts.fragment
        return "" if is_folder and is_whole else _form("a folder")
    if parts.scheme != "s3":
        return _form("a folder or a bucket")
    return _problem_with_bucket(parts) or _problem_with_options(parts)


def _problem_with_bucket(parts: SplitResult) -> str:
    if "@" in parts.netloc:
        return (
            "must not have a key before the bucket; give it behind the folder: "
            "s3://bucket/folder?access_key=…&secret_key=…"
        )
    if ":" in parts.netloc:
        return (
            "has a server in place of the bucket; name the server behind the folder: "
            f"s3://bucket/folder?{ENDPOINT}"
        )
    if not BUCKET.fullmatch(parts.netloc):
        return _form("a bucket")
    if {".", ".."} & set(unquote(parts.path).split("/")):
        return "must have a folder without . and .."
    return ""


def _problem_with_options(parts: SplitResult) -> str:
    given = _options(parts)
    names = [name for name, _ in given]
    if parts.fragment:
        return "must not contain #; write %23 for it"
    if unknown := [name for name in names if name not in S3_OPTIONS]:
        # Behind a key, it may be a part of that key.
        before = names[: names.index(unknown[0])]
        quoted = "" if {*SECRETS} & {*before} else f" {unknown[0]!r}"
        return (
            f"has an unknown option{quoted}; there are {', '.join(S3_OPTIONS)}. "
            "In a key, write %26 for & and %25 for %"
        )
    if len(set(names)) < len(names):
        return "has an option twice"
    if empty := [name for name, value in given if not value.strip()]:
        return f"has no value for {empty[0]}"
    options = dict(given)
    if ("access_key" in options) != ("secret_key" in options):
        return "must have both access_key and secret_key, or neither"
    if options.get("addressing_style", "auto") not in ADDRESSING_STYLES:
        return f"must have an addressing_style that is one of {', '.join(ADDRESSING_STYLES)}"
    if "endpoint_url" in options and (problem := _problem_with_endpoint(options["endpoint_url"])):
        return problem
    if find_spec("botocore") is None:
        return "needs a package that is missing: run script/bootstrap"
    return ""


def _problem_with_endpoint(url: str) -> str:
    whole = f"must have an endpoint_url that is a whole one: {ENDPOINT}"
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return whole
    if parts.scheme not in ("https", "http") or not host or parts.query or parts.fragment:
        return whole
    if "@" in parts.netloc:
        return "must not have a key in endpoint_url; give it as access_key and secret_key"
    if parts.scheme == "http" and host not in THIS_MACHINE:
        return "must have an endpoint_url with https, unless it is on this machine"
    return ""


def _options(parts: SplitResult) -> list[tuple[str, str]]:
    """Return the options by name; a "+", which keys contain, stays one."""
    pairs = (pair.partition("=") for pair in parts.query.split("&") if pair)
    return [(unquote(name), unquote(value)) for name, _, value in pairs]


def _form(what: str) -> str:
    return f"must name {what}: {FORMS}"
