"""A process that is kept running: started, watched, started again with growing pauses."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

STEADY_SECONDS = 30
LONGEST_PAUSE_SECONDS = 30


def say(text: str) -> None:
    """Tell the person at the terminal, who may have closed it."""
    with suppress(OSError):
        print(text, file=sys.stderr, flush=True)


@dataclass
class Child:
    """One process under the supervisor.

    launch: starts it and returns it; polite: the signal that asks it to stop;
    patience_seconds: how long it may take before it is killed with all its descendants.
    """

    name: str
    launch: Callable[[], "subprocess.Popen[bytes]"]
    polite: signal.Signals = signal.SIGTERM
    patience_seconds: float = 15
    process: "subprocess.Popen[bytes] | None" = field(default=None, init=False)
    failures: int = field(default=0, init=False)
    last_code: int = field(default=0, init=False)
    started_at: float = field(default=0, init=False)
    due_at: float = field(default=0, init=False)

    def start(self) -> None:
        """Start the process."""
        self.started_at = time.monotonic()
        self.process = self.launch()

    def alive(self) -> bool:
        """Return whether the process runs."""
        return self.process is not None and self.process.poll() is None

    def tend(self) -> None:
        """Start the process again if it ended, later and later while it keeps ending."""
        now = time.monotonic()
        if self.alive():
            return
        if self.process is not None:
            self._record_end(now)
        elif now >= self.due_at:
            try:
                self.start()
            except (OSError, RuntimeError) as error:
                self._record_failure(now, str(error))

    def _record_end(self, now: float) -> None:
        if self.process is None:
            return
        # What it left of its group goes too, so that two generations never run at once.
        self._signal_group(signal.SIGKILL)
        self.last_code = code = self.process.returncode
        self.process = None
        if now - self.started_at > STEADY_SECONDS:
            self.failures = 0
        self._record_failure(now, f"ended with {describe_code(code)}")

    def _record_failure(self, now: float, what: str) -> None:
        pause = min(0.5 * 2**self.failures, LONGEST_PAUSE_SECONDS)
        self.failures += 1
        self.due_at = now + pause
        say(f"{self.name}: {what}; starting it again in {pause:g} s")

    def ask_to_stop(self) -> None:
        """Ask the process to finish what it does and end."""
        if self.alive() and self.process is not None:
            self.process.send_signal(self.polite)

    def wait_stopped(self, *, hurry: Callable[[], bool]) -> None:
        """Wait for the end; past its patience, or in a hurry, the process is killed."""
        if self.process is None:
            return
        deadline = time.monotonic() + self.patience_seconds
        while self.process.poll() is None:
            if time.monotonic() > deadline or hurry():
                self._signal_group(signal.SIGKILL)
                self.process.wait()
            time.sleep(0.02)
        self._signal_group(signal.SIGKILL)

    def _signal_group(self, wanted: signal.Signals) -> None:
        if self.process is None:
            return
        try:
            os.killpg(self.process.pid, wanted)
        except (ProcessLookupError, PermissionError):
            pass


def describe_code(code: int) -> str:
    """Return an exit code in words."""
    if code >= 0:
        return f"exit code {code}"
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"signal {-code}"
