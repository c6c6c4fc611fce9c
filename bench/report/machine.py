"""What a figure was measured on: machine, date, commit and versions."""

import os
import platform
import subprocess
import sys
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from evently.environment import BASE_DIR

PACKAGES = ("django", "djangorestframework", "psycopg", "celery", "gunicorn")


def about(database: Any, broker: Any) -> dict[str, str]:
    """Return a description of the machine, the commit and the versions, by name."""
    ((postgres,),) = database.execute("SHOW server_version").fetchall()
    packages = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    return {
        "date": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        "commit": commit(),
        "machine": f"{os.cpu_count()} × {cpu_model()}, {memory_gigabytes():.0f} GB, "
        f"Linux {platform.release()}",
        "load before": ", ".join(f"{load:.1f}" for load in os.getloadavg()),
        "versions": f"Python {sys.version.split()[0]}, PostgreSQL {postgres}, "
        f"Valkey {broker.info('server').get('valkey_version', '')}, {packages}",
    }


def commit() -> str:
    """Return the commit, with a note if files differ from it; "" without a repository."""
    found = _git("log", "-1", "--format=%h %cs %s")
    return f"{found} (with changes)" if found and _git("status", "--porcelain", "-uno") else found


def _git(*arguments: str) -> str:
    done = subprocess.run(
        ["git", *arguments], cwd=BASE_DIR, check=False, capture_output=True, text=True
    )
    return done.stdout.strip()


def cpu_model() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def memory_gigabytes() -> float:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
