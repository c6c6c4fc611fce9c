"""Gunicorn's log messages, in the format of all others."""

import logging
from typing import Any

from gunicorn.glogging import Logger as GunicornLogger

NOT_HTTP = "Invalid request from"


def without_client(record: logging.LogRecord) -> bool:
    """Reduce messages about non-HTTP requests: they contain the client's address and raw input."""
    if NOT_HTTP in str(record.msg):
        record.msg, record.args = "a request was not HTTP", ()
    return True


class Logger(GunicornLogger):
    """Passes messages to the root logger, which `evently.logs` configures."""

    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        for handler in list(self.error_log.handlers):
            self.error_log.removeHandler(handler)
        self.error_log.propagate = True
        self.error_log.addFilter(without_client)
        # Hides the startup messages; the supervisor prints when the server is ready.
        self.error_log.setLevel("WARNING")
