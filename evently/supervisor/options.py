"""Process and thread counts, port and address of the services, from the environment."""

import os

from evently.environment import env


def cores() -> int:
    """Return the number of CPU cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def web_workers() -> int:
    """Return the number of gunicorn's worker processes."""
    return int(env.int("WEB_WORKERS", default=min(max(cores(), 2), 8)))


def web_threads() -> int:
    """Return the number of threads per web process; they mostly wait for the database."""
    return int(env.int("WEB_THREADS", default=8))


def task_workers() -> int:
    """Return the number of Celery's worker processes."""
    return int(env.int("TASK_WORKERS", default=min(max(cores(), 2), 4)))


def port() -> int:
    return int(env.int("PORT", default=8000))


def bind_address() -> str:
    """Return the address that gunicorn listens on; by default, this machine only.

    An IPv6 address is put in brackets; unix:/path stays as it is.
    """
    address = env.str("BIND", default="127.0.0.1")
    if address.startswith("unix:"):
        return str(address)
    if ":" in address and not address.startswith("["):
        address = f"[{address}]"
    return f"{address}:{port()}"


def metrics_port() -> int:
    """Return the port for the metrics of a worker or scheduler without a web server; 0: none."""
    return int(env.int("METRICS_PORT", default=0))
