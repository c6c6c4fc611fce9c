"""Parent death signals: when a parent process dies, in whatever way, the kernel ends its child.

The kernel stores the setting per child and per *thread* of the parent: each forked child must set
it again, after any change of user, and the parent must fork from its main thread. Only Linux has
it; elsewhere, children survive a kill -9 of their parent.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1

# Loaded on import: between fork and exec, a child should do as little as possible.
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def request_signal(death_signal: signal.Signals, parent: int) -> None:
    """Ask the kernel to send death_signal to this process when its parent dies.

    parent: the parent's process id; if it is gone already, the signal is sent at once.
    """
    if _libc is None:
        return
    _libc.prctl(PR_SET_PDEATHSIG, int(death_signal), 0, 0, 0)
    if os.getppid() != parent:
        os.kill(os.getpid(), death_signal)
