"""A supervised process: started, watched, and restarted with growing delays."""

import os
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from evently.console import say

STEADY_SECONDS = 30
LONGEST_PAUSE_SECONDS = 30


def print_line(text: str) -> None:
    """Print a line to the terminal, which may have been closed; JSON in production."""
    say(text)


@dataclass
class Child:
    """One process under the supervisor.

    launch: starts the process and returns it. stop_signal: asks it to stop. stop_timeout_seconds:
    how long that may take before its whole process group is killed; retire_timeout_seconds: the
    same while another process has taken its place already.
    """

    name: str
    launch: Callable[[], "subprocess.Popen[bytes]"]
    stop_signal: signal.Signals = signal.SIGTERM
    stop_timeout_seconds: float = 15
    retire_timeout_seconds: float = 15
    process: "subprocess.Popen[bytes] | None" = field(default=None, init=False)
    failures: int = field(default=0, init=False)
    last_code: int = field(default=0, init=False)
    started_at: float = field(default=0, init=False)
    due_at: float = field(default=0, init=False)

    def start(self) -> None:
        self.started_at = time.monotonic()
        self.process = self.launch()

    def alive(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def restart_if_ended(self) -> None:
        """Restart the process if it has ended: at once, or with a delay while it keeps ending."""
        now = time.monotonic()
        if self.alive():
            return
        if self.process is not None:
            self._record_end(now)
        if now >= self.due_at:
            try:
                self.start()
            except (OSError, RuntimeError) as error:
                self._record_failure(now, str(error))

    def _record_end(self, now: float) -> None:
        if self.process is None:
            return
        self._end_rest(self.process)
        self.last_code = code = self.process.returncode
        self.process = None
        was_steady = now - self.started_at > STEADY_SECONDS
        if was_steady:
            self.failures = 0
        self._record_failure(now, f"exited with {describe_code(code)}", at_once=was_steady)

    def _end_rest(self, ended: "subprocess.Popen[bytes]") -> None:
        """Kill the rest of its group, so that old and new processes never run at the same time."""
        self._signal_group(signal.SIGKILL)

    def _record_failure(self, now: float, reason: str, *, at_once: bool = False) -> None:
        pause = 0.0 if at_once else min(0.5 * 2**self.failures, LONGEST_PAUSE_SECONDS)
        self.failures += not at_once
        self.due_at = now + pause
        print_line(f"{self.name}: {reason}; restarting in {pause:g} s")

    def ask_to_stop(self) -> None:
        """Send the stop signal."""
        if self.alive() and self.process is not None:
            self.process.send_signal(self.stop_signal)

    def retire(self) -> None:
        """Ask it to finish its work and stop; `has_retired` tells when it has."""
        self.ask_to_stop()
        self.due_at = time.monotonic() + self.retire_timeout_seconds

    def has_retired(self) -> bool:
        """Return whether it has stopped. Kills it when its time is over."""
        if self.process is None:
            return True
        if self.alive() and time.monotonic() < self.due_at:
            return False
        self._signal_group(signal.SIGKILL)
        self.process.wait()
        return True

    def wait_stopped(self, *, kill_now: Callable[[], bool]) -> None:
        """Wait until the process has ended; kill it after the timeout or if kill_now() is true."""
        if self.process is None:
            return
        deadline = time.monotonic() + self.stop_timeout_seconds
        while self.process.poll() is None:
            if time.monotonic() > deadline or kill_now():
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
    """Return an exit code as text; negative codes name the signal."""
    if code >= 0:
        return f"exit code {code}"
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"signal {-code}"
