"""Tie a process to its parent: when the parent is gone, however it died, so is the child.

The kernel keeps this per process and per *thread* of the parent: it must be set anew in every
forked child, after any change of user, and the parent must have forked from its main thread.
Where the kernel knows no such thing (it is Linux's own), children outlive a kill -9.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1

# Looked up at import: between fork and exec a child should do as little as possible.
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def fasten(last_signal: signal.Signals, parent: int) -> None:
    """Have the kernel send last_signal to this process when its parent dies.

    parent: the parent's process id; when it is already gone, the signal comes at once.
    """
    if _libc is None:
        return
    _libc.prctl(PR_SET_PDEATHSIG, int(last_signal), 0, 0, 0)
    if os.getppid() != parent:
        os.kill(os.getpid(), last_signal)
