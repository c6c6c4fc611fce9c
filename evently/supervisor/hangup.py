"""What SIGHUP means: a request to reload, or the end of the terminal."""

import os
import signal


class Hangup:
    """Tells the two apart.

    A service without a terminal reloads. In a terminal, Evently ends when the window is closed, as
    every program there does, unless it was started by nohup; `kill -HUP` reloads it.
    """

    def __init__(self) -> None:
        """Look at how this process was started. Call before handling SIGHUP."""
        self._ends_with_terminal = (
            _has_terminal() and signal.getsignal(signal.SIGHUP) != signal.SIG_IGN
        )

    def means_stop(self) -> bool:
        """Return whether a SIGHUP that just arrived is the end of the terminal."""
        return self._ends_with_terminal and not _has_terminal()


def _has_terminal() -> bool:
    """Return whether this process has a terminal that is still there."""
    try:
        os.close(os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY))
    except OSError:
        return False
    return True
