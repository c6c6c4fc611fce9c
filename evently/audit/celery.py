"""Sets each Celery task as the actor of its changes."""

from contextvars import Token
from typing import Any

import structlog
from celery import signals

from evently.audit.context import Context, reset_context, set_context

_tokens: dict[str, Token[Context]] = {}


@signals.task_prerun.connect(weak=False, dispatch_uid="evently.audit.begin")
def _begin(task_id: str = "", task: Any = None, **kwargs: Any) -> None:
    request_id = str(structlog.contextvars.get_contextvars().get("request_id", ""))
    _tokens[task_id] = set_context(actor=task.name, via="task", request_id=request_id)


@signals.task_postrun.connect(weak=False, dispatch_uid="evently.audit.end")
def _end(task_id: str = "", **kwargs: Any) -> None:
    token = _tokens.pop(task_id, None)
    if token is not None:
        reset_context(token)
