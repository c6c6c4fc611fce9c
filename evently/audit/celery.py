"""Sets each Celery task as the actor of its changes, as part of the act that enqueued it."""

from contextvars import Token
from typing import Any

import structlog
from celery import signals

from evently.audit.context import Context, current_context, reset_context, set_context
from evently.database.ids import uuid7

HEADER = "evently_act"

_tokens: dict[str, Token[Context]] = {}


@signals.before_task_publish.connect(weak=False, dispatch_uid="evently.audit.publish")
def _pass_act(headers: dict[str, Any] | None = None, **kwargs: Any) -> None:
    act = current_context().act
    if headers is not None and act:
        headers.setdefault(HEADER, act)


@signals.task_prerun.connect(weak=False, dispatch_uid="evently.audit.begin")
def _begin(task_id: str = "", task: Any = None, **kwargs: Any) -> None:
    request_id = str(structlog.contextvars.get_contextvars().get("request_id", ""))
    act = task.request.get(HEADER) or str(uuid7())
    _tokens[task_id] = set_context(actor=task.name, via="task", request_id=request_id, act=act)


@signals.task_postrun.connect(weak=False, dispatch_uid="evently.audit.end")
def _end(task_id: str = "", **kwargs: Any) -> None:
    token = _tokens.pop(task_id, None)
    if token is not None:
        reset_context(token)
