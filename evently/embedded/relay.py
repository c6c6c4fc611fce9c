"""Turn the output of other programs into JSON lines: PostgreSQL, Valkey, warnings, crashes.

    python -I -S evently/embedded/relay.py NAME < output > log

JSON objects pass as they are; any other line becomes one, a traceback as a whole. Runs as a process
of its own without Django, so that it also has the last words of a process that dies.
"""

import importlib.util
import json
import os
import re
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType

TRACEBACK = "Traceback (most recent call last):"
CHAINED = ("During handling of the above", "The above exception was")
# A traceback whose end does not come is written after this long.
PATIENCE_SECONDS = 1.0
READ_BYTES = 65536
LONGEST_LINE = 1024 * 1024
LEVELS = (
    (re.compile(r"\b(PANIC|FATAL|CRITICAL)\b"), "critical"),
    (re.compile(r"(ERROR|Error|error)\b"), "error"),
    (re.compile(r"(WARNING|Warning|warning)\b|^\d+:\w \d+ \w+ \d+ \S+ # "), "warning"),
)

# A relay that was killed sooner than this would be again: those who write must not wait for it.
STEADY_SECONDS = 1.0


# ── In the process that starts relays ───────────────────────────────────────
@dataclass
class _Relay:
    """A relay, and what the next one needs if this one is killed.

    reader: its end of the pipe. While a copy is open here, what others write is not lost.
    """

    name: str
    reader: int
    output: int
    process: "subprocess.Popen[bytes]" = field(init=False)
    started_at: float = field(init=False)

    def __post_init__(self) -> None:
        self.start()

    def start(self) -> None:
        self.started_at = time.monotonic()
        self.process = subprocess.Popen(
            [sys.executable, "-I", "-S", __file__, self.name],
            stdin=self.reader,
            stdout=self.output,
            start_new_session=True,
        )

    def close(self) -> None:
        os.close(self.reader)
        os.close(self.output)


_running: list[_Relay] = []
# Signal handlers call this, which may interrupt itself.
_restarting = threading.Lock()


def start(name: str, *, output: int) -> int:
    """Start a relay that writes to a descriptor; return the descriptor that it reads from.

    It ends when all copies of that one are closed, and stop signals do not reach it.
    """
    reader, writer = os.pipe()
    _running.append(_Relay(name, reader, os.dup(output)))
    return writer


def restart_killed() -> None:
    """Start relays again that were killed, at once: their pipes are full soon, and writers wait."""
    if not _restarting.acquire(blocking=False):
        return
    try:
        for relay in list(_running):
            code = relay.process.poll()
            if code is None:
                continue
            if code != 0 and time.monotonic() - relay.started_at > STEADY_SECONDS:
                relay.start()
            else:
                _running.remove(relay)
                relay.close()
    finally:
        _restarting.release()


def _first_byte(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(1)


@contextmanager
def log_for(path: Path, name: str, *, json_lines: bool | None = None) -> Iterator[int]:
    """Open a server's log file for appending, and yield the descriptor that it writes to.

    json_lines: through a relay, by default in production; a file with other lines is put aside.
    """
    if json_lines is None:
        json_lines = _is_production()
    if json_lines and path.exists() and _first_byte(path) not in {b"", b"{"}:
        path.replace(path.with_suffix(".log.1"))
    log = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    if json_lines:
        writer = start(name, output=log)
        os.close(log)
        log = writer
    try:
        yield log
    finally:
        os.close(log)


def _is_production() -> bool:
    # Not at the top: the relay itself runs without Django.
    from evently.environment import DEBUG

    return not DEBUG


def take_over_output(name: str) -> None:
    """Send all output of this process and its children through a relay, to standard error."""
    writer = start(name, output=2)
    os.dup2(writer, 1)
    os.dup2(writer, 2)
    os.close(writer)


def finish(seconds: float = 5) -> None:
    """Close this process's output, and wait until the relays have written everything."""
    if not _running:
        return
    sys.stdout.flush()
    sys.stderr.flush()
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    for relay in _running:
        try:
            relay.process.wait(seconds)
        except subprocess.TimeoutExpired:
            continue


# ── The relay ───────────────────────────────────────────────────────────────
def _redaction() -> ModuleType:
    """Load `evently.redaction` by its path: the package would load Celery."""
    path = Path(__file__).resolve().parent.parent / "redaction.py"
    spec = importlib.util.spec_from_file_location("redaction", path)
    if spec is None or spec.loader is None:
        raise ImportError(str(path))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Lines:
    """Gathers lines into events. redact: takes personal data out of a text."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.redact = _redaction().redact_text
        self.traceback: list[str] = []

    def add(self, line: str) -> Iterator[str]:
        """Yield the JSON lines that are complete with this one."""
        if self._continues_traceback(line):
            self.traceback.append(line)
            return
        yield from self.flush()
        if _is_json(line):
            yield line
        elif line.strip() == TRACEBACK:
            self.traceback.append(line)
        elif line.strip():
            yield self._event(line.strip(), level=_level_of(line))

    def _continues_traceback(self, line: str) -> bool:
        if not self.traceback or _is_json(line):
            return False
        if not line.strip() or line.startswith((" ", "\t", *CHAINED)):
            return True
        # The exception's own line is the first one that is not indented; another traceback may
        # follow it.
        ended = any(
            not before.startswith((" ", "\t")) for before in self._since_last_head() if before
        )
        return not ended or (line.strip() == TRACEBACK and self._is_chained())

    def _since_last_head(self) -> list[str]:
        last = max(i for i, before in enumerate(self.traceback) if before.strip() == TRACEBACK)
        return self.traceback[last + 1 :]

    def _is_chained(self) -> bool:
        spoken = [before for before in self.traceback if before.strip()]
        return spoken[-1].startswith(CHAINED)

    def flush(self) -> Iterator[str]:
        """Yield what is left of a traceback."""
        if self.traceback:
            last = next((line for line in reversed(self.traceback) if line.strip()), "")
            text = "\n".join(self.traceback)
            self.traceback = []
            yield self._event(last.strip(), level="error", exception=self.redact(text))

    def _event(self, text: str, *, level: str, **more: str) -> str:
        now = datetime.now(UTC).isoformat().replace("+00:00", "Z")
        event = {"event": self.redact(text), "logger": self.name, "level": level, **more}
        return json.dumps(event | {"timestamp": now})


def _is_json(line: str) -> bool:
    if not line.startswith("{"):
        return False
    try:
        return isinstance(json.loads(line), dict)
    except ValueError:
        return False


def _level_of(line: str) -> str:
    return next((level for pattern, level in LEVELS if pattern.search(line)), "info")


def _read(descriptor: int, lines: Lines) -> Iterator[str]:
    """Yield JSON lines until the input ends."""
    rest = b""
    while True:
        timeout = PATIENCE_SECONDS if lines.traceback else None
        if not select.select([descriptor], [], [], timeout)[0]:
            yield from lines.flush()
            continue
        piece = os.read(descriptor, READ_BYTES)
        rest += piece
        *whole, rest = rest.split(b"\n")
        if not piece or len(rest) > LONGEST_LINE:
            whole, rest = [*whole, rest], b""
        for line in whole:
            yield from lines.add(line.decode(errors="replace").rstrip("\r"))
        if not piece:
            yield from lines.flush()
            return


def main(name: str) -> None:
    """Relay standard input to standard output until it ends."""
    for ignored in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ignored, signal.SIG_IGN)
    for line in _read(0, Lines(name)):
        try:
            os.write(1, f"{line}\n".encode(errors="replace"))
        except OSError:
            # The terminal is gone, or the disk full; those who write must not stop for that.
            continue


if __name__ == "__main__":
    main(sys.argv[1])
