"""Where the embedded servers of this EVENTLY_HOME listen, and with which passwords."""

import json
import os
from pathlib import Path
from typing import Any
from urllib.parse import quote

from evently.environment import BASE_DIR


def home() -> Path:
    """Return the folder that holds the embedded servers' data and the development mailbox."""
    return Path(os.environ.get("EVENTLY_HOME") or BASE_DIR / ".evently").resolve()


def read_json(name: str) -> dict[str, Any]:
    """Return what a file of EVENTLY_HOME holds; {} where it is missing or broken."""
    try:
        content = json.loads((home() / name).read_text())
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def ports() -> dict[str, Any]:
    """Return what the supervisor wrote on starting: {"postgres": port, "valkey": port}."""
    return read_json("ports.json")


def passwords() -> dict[str, Any]:
    """Return what was made on the first start: {role: password}, the broker's as "valkey"."""
    return read_json("passwords.json")


def _login(name: str, password: str | None) -> str:
    return f"{name}:{quote(password, safe='')}@" if password else f"{name}@" if name else ""


def database_url(*, role: str) -> str:
    """Return the embedded database's address; role: `app`, or `owner` for migrations."""
    user = f"evently_{role}"
    port = ports().get("postgres", 5432)
    return f"postgres://{_login(user, passwords().get(user))}127.0.0.1:{port}/evently"


def redis_url() -> str:
    """Return the embedded broker's address."""
    login = _login("", passwords().get("valkey"))
    return f"redis://{login}127.0.0.1:{ports().get('valkey', 6379)}/0"
