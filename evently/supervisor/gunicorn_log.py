"""Gunicorn's messages, written like all others."""

from typing import Any

from gunicorn.glogging import Logger as GunicornLogger


class Logger(GunicornLogger):
    """Hands messages to the root logger, which `evently.logs` has set up."""

    def setup(self, cfg: Any) -> None:
        """Use the application's handlers instead of gunicorn's own."""
        super().setup(cfg)
        for handler in list(self.error_log.handlers):
            self.error_log.removeHandler(handler)
        self.error_log.propagate = True
        # Its greetings; whether it serves is said by the supervisor.
        self.error_log.setLevel("WARNING")
