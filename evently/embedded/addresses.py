"""Where the embedded servers of this EVENTLY_HOME listen."""

import json
import os
from pathlib import Path
from typing import Any

from evently.environment import BASE_DIR


def home() -> Path:
    """Return the folder that holds the embedded servers' data and the development mailbox."""
    return Path(os.environ.get("EVENTLY_HOME") or BASE_DIR / ".evently").resolve()


def _ports() -> dict[str, Any]:
    """Return what the supervisor wrote on starting: {"postgres": port, "valkey": port}."""
    try:
        ports: dict[str, Any] = json.loads((home() / "ports.json").read_text())
    except (OSError, ValueError):
        return {}
    return ports


def database_url(*, role: str) -> str:
    """Return the embedded database's address; role: `app`, or `owner` for migrations."""
    port = _ports().get("postgres", 5432)
    return f"postgres://evently_{role}@127.0.0.1:{port}/evently"


def redis_url() -> str:
    """Return the embedded broker's address."""
    return f"redis://127.0.0.1:{_ports().get('valkey', 6379)}/0"
