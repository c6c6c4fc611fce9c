"""Gunicorn's messages, written like all others."""

import logging
from typing import Any

from gunicorn.glogging import Logger as GunicornLogger

NOT_HTTP = "Invalid request from"


def without_client(record: logging.LogRecord) -> bool:
    """Say of a request that is no HTTP only that it came: the rest is an address and raw input."""
    if NOT_HTTP in str(record.msg):
        record.msg, record.args = "a request was not HTTP", ()
    return True


class Logger(GunicornLogger):
    """Hands messages to the root logger, which `evently.logs` has set up."""

    def setup(self, cfg: Any) -> None:
        """Use the application's handlers instead of gunicorn's own."""
        super().setup(cfg)
        for handler in list(self.error_log.handlers):
            self.error_log.removeHandler(handler)
        self.error_log.propagate = True
        self.error_log.addFilter(without_client)
        # Its greetings; whether it serves is said by the supervisor.
        self.error_log.setLevel("WARNING")
