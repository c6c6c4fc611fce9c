"""How many processes and threads fit the machine; each number can be set by environment."""

import os

from evently.environment import env


def cores() -> int:
    """Return the cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def web_workers() -> int:
    """Return gunicorn's processes."""
    return int(env.int("WEB_WORKERS", default=min(max(cores(), 2), 8)))


def web_threads() -> int:
    """Return the threads of each web process; most wait for the database most of the time."""
    return int(env.int("WEB_THREADS", default=8))


def task_workers() -> int:
    """Return Celery's processes."""
    return int(env.int("TASK_WORKERS", default=min(max(cores(), 2), 4)))


def port() -> int:
    """Return the port of the web server."""
    return int(env.int("PORT", default=8000))


def bind_address() -> str:
    """Return what gunicorn listens on; by default only this machine is answered."""
    return f"{env.str('BIND', default='127.0.0.1')}:{port()}"
