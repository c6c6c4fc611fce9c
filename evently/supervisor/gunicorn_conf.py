"""Gunicorn's configuration under the supervisor; a good start without it, too."""

import os
import signal
from pathlib import Path
from typing import Any

from prometheus_client import multiprocess

from evently.embedded import parent_death
from evently.supervisor.options import bind_address, web_threads, web_workers

bind = bind_address()
workers = web_workers()
threads = web_threads()
worker_class = "gthread"
timeout = 60
graceful_timeout = 12
keepalive = 15
# Heartbeat files on a disk make workers wait for it.
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108
control_socket_disable = True
# Of a Unix socket: for the proxy, which is in the group of Evently's user.
umask = 0o007
# Gunicorn would trust proxies' headers in its own way (X-Forwarded-Proto, SCRIPT_NAME and PATH_INFO
# from this machine). TRUSTED_PROXIES decides, in `evently.origin`.
forwarded_allow_ips = ""
forwarder_headers = ""
secure_scheme_headers: dict[str, str] = {}
preload_app = True
accesslog = None
logger_class = "evently.supervisor.gunicorn_log.Logger"
wsgi_app = "evently.wsgi:application"

_arbiter = os.getpid()


def post_fork(server: Any, worker: Any) -> None:
    """Let a worker die with gunicorn's main process, even if that one is killed."""
    parent_death.request_signal(signal.SIGKILL, _arbiter)


def child_exit(server: Any, worker: Any) -> None:
    """Remove the live gauges of a worker that has ended."""
    if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        multiprocess.mark_process_dead(worker.pid)
