"""Gunicorn's configuration under the supervisor; a good start without it, too."""

import os
import signal
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

# Before prometheus_client is imported, which then counts in files: each process has its own, and
# any of them can answer for all.
if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = tempfile.mkdtemp(prefix="evently-metrics-")

from evently import metrics_files
from evently.embedded import parent_death
from evently.supervisor import lifeline
from evently.supervisor.options import bind_address, web_threads, web_workers

# The supervisor's socket outlives this server, so that another one can take its place.
_listener = os.environ.get("EVENTLY_LISTENER")
bind = f"fd://{_listener}" if _listener else bind_address()
workers = web_workers()
threads = web_threads()
worker_class = "evently.supervisor.web_worker.WebWorker"
limit_request_line = 8190
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


def when_ready(server: Any) -> None:
    """Leave a Unix socket alone when this server ends: it is the supervisor's."""
    server.systemd = server.systemd or bool(_listener)


def post_fork(server: Any, worker: Any) -> None:
    """Let a worker die with gunicorn's main process; under a supervisor, with that (`lifeline`)."""
    if not lifeline.is_given():
        parent_death.request_signal(signal.SIGKILL, _arbiter)


def post_worker_init(worker: Any) -> None:
    """Watch supervisor, database and connections; say that requests are accepted."""
    from evently import gauges, health
    from evently.database import watch

    lifeline.hold_on()
    gauges.watch_pool()
    watch.start(health.conninfo())
    if ready := os.environ.get("EVENTLY_READY"):
        with suppress(OSError):
            os.write(int(ready), b".")


def child_exit(server: Any, worker: Any) -> None:
    """Keep the counts of a worker that has ended, and remove its gauges."""
    metrics_files.merge_ended(Path(os.environ["PROMETHEUS_MULTIPROC_DIR"]))
