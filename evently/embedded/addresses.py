"""Addresses and passwords of the embedded servers of this EVENTLY_HOME."""

import json
import os
from pathlib import Path
from typing import Any
from urllib.parse import quote

from evently.environment import BASE_DIR


def home() -> Path:
    """Return EVENTLY_HOME: the folder of the embedded servers' data and the development mailbox."""
    return Path(os.environ.get("EVENTLY_HOME") or BASE_DIR / ".evently").resolve()


def read_json(name: str) -> dict[str, Any]:
    """Return the content of a JSON file of EVENTLY_HOME; {} if it is missing or broken."""
    try:
        content = json.loads((home() / name).read_text())
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def ports() -> dict[str, Any]:
    """Return the ports written on start: {"postgres": port, "valkey": port}."""
    return read_json("ports.json")


def passwords() -> dict[str, Any]:
    """Return the passwords generated on the first start, by role; the broker's is "valkey"."""
    return read_json("passwords.json")


def _login(name: str, password: str | None) -> str:
    return f"{name}:{quote(password, safe='')}@" if password else f"{name}@" if name else ""


def database_url(*, role: str) -> str:
    """Return the embedded database's URL. role: `app`, or `owner` for migrations."""
    user = f"evently_{role}"
    port = ports().get("postgres", 5432)
    return f"postgres://{_login(user, passwords().get(user))}127.0.0.1:{port}/evently"


def redis_url() -> str:
    login = _login("", passwords().get("valkey"))
    return f"redis://{login}127.0.0.1:{ports().get('valkey', 6379)}/0"
