"""Web workers that outlive gunicorn's main process, until those of another have taken over.

Each gunicorn gets the reading end of a pipe, the lifeline, whose writing end only the supervisor
has. Its workers end when that is closed, and so with the supervisor; they do not end when their
main process is killed. The supervisor starts another gunicorn then, on the same socket, and stops
the orphans once that accepts requests.
"""

import os
import select
import signal
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field

VARIABLE = "EVENTLY_LIFELINE"
# Longer than a worker takes to finish its requests (gunicorn's graceful_timeout).
STOP_SECONDS = 15.0


# ── In a worker ─────────────────────────────────────────────────────────────
def is_given() -> bool:
    """Return whether this process has a lifeline: whether a supervisor has started it."""
    return VARIABLE in os.environ


def hold_on() -> None:
    """End this process when its lifeline is cut."""
    if is_given():
        threading.Thread(target=_end_when_cut, name="lifeline", daemon=True).start()


def _end_when_cut() -> None:
    with suppress(OSError):
        os.read(int(os.environ[VARIABLE]), 1)
    os.kill(os.getpid(), signal.SIGKILL)


# ── In the supervisor ───────────────────────────────────────────────────────
@dataclass
class Orphans:
    """Workers whose main process was killed.

    group: their process group. lifeline: its writing end, which is closed here.
    """

    group: int
    lifeline: int
    stop_at: float | None = field(default=None, init=False)

    def are_left(self) -> bool:
        """Return whether there are any: whether the reading end is open somewhere."""
        poll = select.poll()
        poll.register(self.lifeline, 0)
        return not poll.poll(0)

    def ask_to_stop(self) -> None:
        """Let them finish what they have begun, and stop."""
        # While there are any, the group is theirs and no other's.
        if self.stop_at is None and self.are_left():
            self.stop_at = time.monotonic() + STOP_SECONDS
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self.group, signal.SIGTERM)

    def have_stopped(self) -> bool:
        """Return whether none is left. Those whose time is over are ended, by `cut`."""
        return not self.are_left() or (self.stop_at is not None and time.monotonic() > self.stop_at)

    def cut(self) -> None:
        """End those that are left, and close the lifeline."""
        os.close(self.lifeline)
