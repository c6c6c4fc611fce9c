"""COLD_STORAGE_URL as Django's storage: a folder of this machine, or a bucket of S3."""

from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

# The options of django-storages that the URL may set.
S3_OPTIONS = ("endpoint_url", "region_name", "access_key", "secret_key", "object_parameters")


def storage_of(url: str, *, folder: Path) -> dict[str, Any]:
    """Return the entry of STORAGES. folder: where files go if no URL is set."""
    parts = urlsplit(url)
    if parts.scheme != "s3":
        location = unquote(parts.path) if url else str(folder)
        return {
            "BACKEND": "evently.lifecycle.folder.PrivateFolder",
            "OPTIONS": {"location": location},
        }
    return {
        "BACKEND": "storages.backends.s3.S3Storage",
        "OPTIONS": {
            "bucket_name": parts.netloc,
            "location": unquote(parts.path).strip("/"),
            "file_overwrite": False,
            "default_acl": None,
            "querystring_auth": True,
            **dict(parse_qsl(parts.query)),
        },
    }


def problem_with(url: str) -> str:
    """Return what is wrong with a COLD_STORAGE_URL, as the rest of a sentence; or ""."""
    parts = urlsplit(url)
    if parts.scheme == "file":
        return "" if parts.path.startswith("/") and not parts.netloc else _form("a folder")
    if parts.scheme != "s3":
        return _form("a folder or a bucket")
    if not parts.netloc:
        return _form("a bucket")
    unknown = [name for name, _ in parse_qsl(parts.query) if name not in S3_OPTIONS]
    if unknown:
        return f"has an unknown option {unknown[0]!r}; there are {', '.join(S3_OPTIONS)}"
    if find_spec("storages") is None or find_spec("boto3") is None:
        return "needs a package: .venv/bin/pip install 'django-storages[s3]'"
    return ""


def _form(what: str) -> str:
    return f"must name {what}: file:///srv/cold, or s3://bucket/folder?region_name=…"
