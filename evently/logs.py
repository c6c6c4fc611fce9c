"""Structured logs: one line per request and per task, correlated by a request id."""

import logging
import logging.config
import re
import sys
import time
import uuid
from collections.abc import Callable, MutableMapping
from functools import lru_cache
from ipaddress import ip_address, ip_network
from types import TracebackType
from typing import Any

import structlog
from celery import signals as celery_signals
from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.functional import SimpleLazyObject

from evently import metrics
from evently.origin import client_address
from evently.redaction import redact_event, redact_path

REQUEST_ID_HEADER = "X-Request-ID"
_REQUEST_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{7,63}")
# Requested every few seconds by monitoring; a line each would drown the rest.
# Answers that name the user whom they refused.
REFUSED = frozenset({401, 403, 429})
QUIET_PATHS = frozenset({"/healthz", "/readyz", "/metrics"})
# How much of a client's address request lines show.
TRUNCATED, FULL, NONE = "truncated", "full", "none"
TRUNCATED_BITS = {4: 24, 6: 48}

log = structlog.get_logger("evently.requests")
task_log = structlog.get_logger("evently.tasks")


# ── Set-up ──────────────────────────────────────────────────────────────────
def _shared_processors() -> list[Any]:
    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    ]


def _last_processors(*, json: bool) -> list[Any]:
    """Return the processors that format a log line; json: one object per line."""
    ending: list[Any] = [structlog.stdlib.ProcessorFormatter.remove_processors_meta]
    # Tracebacks become text first, so that redaction sees them; never with local variables.
    ending += [structlog.processors.format_exc_info, redact_event]
    if json:
        return [*ending, structlog.processors.JSONRenderer(default=str)]
    return [*ending, structlog.dev.ConsoleRenderer(colors=False)]


def configure(config: dict[str, Any]) -> None:
    """Set up all logging of the process (Django's LOGGING_CONFIG).

    config: {"json": one JSON object per line, "level": the minimum level}.
    """
    shared = _shared_processors()
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "filters": {"paths": {"()": PathFilter}},
            "formatters": {
                "line": {
                    "()": structlog.stdlib.ProcessorFormatter,
                    "foreign_pre_chain": shared,
                    "processors": _last_processors(json=config["json"]),
                }
            },
            "handlers": {
                "line": {
                    "class": "logging.StreamHandler",
                    "formatter": "line",
                    "filters": ["paths"],
                }
            },
            "root": {"handlers": ["line"], "level": config["level"]},
            "loggers": {
                "django": {"handlers": [], "level": "NOTSET", "propagate": True},
                # Our own line about the request says the same.
                "django.server": {"handlers": [], "level": "WARNING", "propagate": True},
                "django.request": {"level": "ERROR"},
                # Scanners try any host; the line about the request has their 400.
                "django.security.DisallowedHost": {"level": "CRITICAL"},
                # Task lines are our own, below.
                "celery.worker.strategy": {"level": "WARNING"},
                "celery.app.trace": {"level": "CRITICAL"},
                "celery.beat": {"level": "WARNING"},
                # Names each of its sixteen detectors for each email that came back.
                "flufl.bounce": {"level": "WARNING"},
            },
        }
    )
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    if config["json"]:
        logging.captureWarnings(True)
        sys.excepthook = _log_last_exception


def _log_last_exception(
    kind: type[BaseException], error: BaseException, traceback: TracebackType | None
) -> None:
    """Log the exception that ends a process as one line."""
    if issubclass(kind, KeyboardInterrupt):
        return
    structlog.get_logger("evently").critical(
        "process ended", error=kind.__name__, exc_info=(kind, error, traceback)
    )


class PathFilter(logging.Filter):
    """Hides tokens in the paths of Django's own log messages."""

    def filter(self, record: logging.LogRecord) -> bool:
        if record.name.startswith("django.") and isinstance(record.args, tuple):
            record.args = tuple(
                redact_path(part) if isinstance(part, str) and part.startswith("/") else part
                for part in record.args
            )
        return True


# ── Requests ────────────────────────────────────────────────────────────────
def request_id_of(request: HttpRequest) -> str:
    """Return the id that came with a request if it is well-formed, or a new one."""
    given = request.headers.get(REQUEST_ID_HEADER, "")
    return given if _REQUEST_ID.fullmatch(given) else uuid.uuid4().hex


def logged_client(request: HttpRequest) -> str:
    """Return what request lines show of the client's address, according to LOG_CLIENT.

    By default its network, such as 192.0.2.0/24: enough for fail2ban, and no personal data.
    """
    address = client_address(request) if settings.LOG_CLIENT != NONE else None
    if address is None or settings.LOG_CLIENT == FULL:
        return address or ""
    return _network_of(address)


@lru_cache(maxsize=1024)
def _network_of(address: str) -> str:
    bits = TRUNCATED_BITS[ip_address(address).version]
    return str(ip_network(f"{address}/{bits}", strict=False))


class RequestLogMiddleware:
    """Gives each request an id, logs one line about it, and counts it. The outermost middleware."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        request_id = request_id_of(request)
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=request_id)
        started = time.perf_counter()
        status = 500
        try:
            response = self.get_response(request)
            status = response.status_code
            response.headers[REQUEST_ID_HEADER] = request_id
            return response
        finally:
            self._write(request, status, time.perf_counter() - started)
            structlog.contextvars.clear_contextvars()

    def _write(self, request: HttpRequest, status: int, seconds: float) -> None:
        match = getattr(request, "resolver_match", None)
        route = (match.view_name or match.route) if match else ""
        metrics.observe_request(request.method or "", route, status, seconds)
        # A service that is down is logged once, when it goes down (evently.health).
        quiet = request.path in QUIET_PATHS and (status < 500 or request.path == "/readyz")
        log.log(
            logging.DEBUG if quiet else logging.INFO,
            "request",
            client=logged_client(request),
            method=request.method,
            path=redact_path(request.path, match.kwargs if match else None),
            route=route,
            status=status,
            **_refused_user(request, status),
            ms=round(seconds * 1000, 1),
        )


def _refused_user(request: HttpRequest, status: int) -> dict[str, str]:
    """Return the id of a user who was refused something; the user is not loaded for it."""
    if status not in REFUSED:
        return {}
    user = vars(request).get("_cached_user")  # of a session
    if user is None:
        of_token = vars(request).get("user")
        user = None if isinstance(of_token, SimpleLazyObject) else of_token
    return {"user_id": str(user.pk)} if user is not None and user.is_authenticated else {}


# ── Tasks ───────────────────────────────────────────────────────────────────
_started: MutableMapping[str, float] = {}


@celery_signals.setup_logging.connect(weak=False)
def _keep_logging(**kwargs: Any) -> None:
    """Keep Celery from configuring logging: it does not when this signal has a receiver."""


@celery_signals.before_task_publish.connect(weak=False)
def _pass_request_id(headers: dict[str, Any] | None = None, **kwargs: Any) -> None:
    request_id = structlog.contextvars.get_contextvars().get("request_id")
    if headers is not None and request_id:
        headers.setdefault("request_id", request_id)


@celery_signals.task_prerun.connect(weak=False)
def _begin_task(task_id: str = "", task: Any = None, **kwargs: Any) -> None:
    if getattr(task.request, "is_eager", False) or task.request.called_directly:
        return
    request_id = task.request.get("request_id")
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(task=task.name, task_id=task_id)
    if request_id:
        structlog.contextvars.bind_contextvars(request_id=request_id)
    _started[task_id] = time.perf_counter()


@celery_signals.task_postrun.connect(weak=False)
def _end_task(task_id: str = "", task: Any = None, state: str = "", **kwargs: Any) -> None:
    started = _started.pop(task_id, None)
    if started is None:
        return
    seconds = time.perf_counter() - started
    metrics.observe_task(task.name, state or "", seconds)
    # Periodic tasks that run every few seconds are logged only when they fail. In development no
    # successful task is: the demo's emails would scroll its logins off the terminal.
    expected = bool(task.request.get("celery_beat_task")) or settings.DEBUG
    level = logging.DEBUG if expected and state == "SUCCESS" else logging.INFO
    task_log.log(level, "task", state=state, ms=round(seconds * 1000, 1))
    structlog.contextvars.clear_contextvars()


@celery_signals.task_failure.connect(weak=False)
def _log_failure(exception: Any = None, einfo: Any = None, **kwargs: Any) -> None:
    task_log.error("task failed", error=type(exception).__name__, exc_info=exception)
