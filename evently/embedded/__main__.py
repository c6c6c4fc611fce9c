"""Run a command with embedded servers, and stop them afterwards.

    python -m evently.embedded [--throwaway] -- pytest

--throwaway: do not sync to disk, which makes tests faster; a power cut loses the data.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from functools import partial
from types import FrameType

from evently.embedded import addresses, parent_death, servers, state


def run_command(command: list[str], *, pass_fds: Sequence[int] = ()) -> int:
    """Run the command in this terminal, pass signals on, and return its exit code.

    pass_fds: descriptors that stay open in it.
    """
    process = subprocess.Popen(
        command,
        preexec_fn=partial(parent_death.request_signal, signal.SIGKILL, os.getpid()),
        pass_fds=pass_fds,
    )

    def forward(wanted: int, _frame: FrameType | None) -> None:
        # The terminal sends Ctrl-C to the command, too.
        if wanted != signal.SIGINT:
            process.send_signal(wanted)

    for wanted in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(wanted, forward)
    return process.wait()


def main(arguments: list[str]) -> int:
    """Start the servers that the environment does not configure, and run the command."""
    if "--" not in arguments[:-1]:
        print(__doc__, file=sys.stderr)
        return 2
    parent_death.request_signal(signal.SIGTERM, os.getppid())
    throwaway = arguments[:1] == ["--throwaway"]
    command = arguments[arguments.index("--") + 1 :]
    home = addresses.home()
    started: list[tuple[servers.Server, subprocess.Popen[bytes]]] = []
    try:
        state.make_home(home)
        state.lock_home(home, note=f"process {os.getpid()}, tests")
        for server in servers.describe(home, throwaway=throwaway):
            started.append((server, servers.start(server)))  # noqa: PERF401 - one may fail
        return run_command(command)
    except state.CannotStart as error:
        print(error, file=sys.stderr)
        return 1
    finally:
        for server, process in reversed(started):
            servers.stop(server, process)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
