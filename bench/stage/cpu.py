"""CPU time and memory of all processes of an Evently, by the part that they belong to."""

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")
TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
WEB, DATABASE, WORKER, OTHER = PARTS = ("web", "database", "worker", "other")
# By what the command line of a child of the supervisor contains. A process that is not listed works
# in the background. Other: the broker, the scheduler, the relays of logs, the supervisor itself.
COMMANDS = {
    "gunicorn": WEB,
    "postgres": DATABASE,
    "valkey": OTHER,
    "relay": OTHER,
    " beat ": OTHER,
}


@dataclass(frozen=True)
class Process:
    """A running process. seconds: its CPU time, and that of its children that have ended."""

    pid: int
    parent: int
    seconds: float
    own_seconds: float


def running_processes() -> dict[int, Process]:
    """Return all processes of this machine by id."""
    found = {}
    for entry in PROC.iterdir():
        if entry.name.isdecimal():
            try:
                found[int(entry.name)] = _process(int(entry.name))
            except OSError:
                continue
    return found


def _process(pid: int) -> Process:
    # After the command, which may contain spaces and brackets: state, parent, …
    fields = (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    user, system, user_ended, system_ended = map(int, fields[11:15])
    own = (user + system) / TICKS_PER_SECOND
    ended = (user_ended + system_ended) / TICKS_PER_SECOND
    return Process(pid, int(fields[1]), own + ended, own)


def busy_share(before: tuple[int, int], after: tuple[int, int]) -> float:
    """Return which share of this machine's CPU was used between two readings of `used_and_all`."""
    used, everything = (now - then for then, now in zip(before, after, strict=True))
    return used / everything if everything else 0.0


def used_and_all() -> tuple[int, int]:
    """Return the ticks of this machine's cores: those used by anything, and all of them."""
    first = (PROC / "stat").read_text().partition("\n")[0]
    # user, nice, system, idle, iowait, irq, softirq, steal
    ticks = [int(each) for each in first.split()[1:9]]
    return sum(ticks) - ticks[3] - ticks[4], sum(ticks)


def seconds_of(pid: int) -> float:
    """Return the CPU seconds of a process."""
    return _process(pid).own_seconds


class CpuMeter:
    """Reads the CPU time of process trees by part; only differences of two readings mean something.

    supervisor: the process whose children are sorted by their commands. others: the part of other
    trees by the id of their first process. left_out: processes that do not count, such as the
    database backend that this process itself uses.
    """

    def __init__(
        self,
        supervisor: int,
        *,
        others: Mapping[int, str] | None = None,
        left_out: Iterable[int] = (),
    ) -> None:
        self._supervisor = supervisor
        self._others = dict(others or {})
        self._left_out = set(left_out)
        self._parts: dict[int, str] = {}

    def leave_out(self, pid: int) -> None:
        self._left_out.add(pid)

    def read(self) -> dict[str, float]:
        """Return CPU seconds by part.

        A process counts with its ended children, so that short-lived ones (a database backend, a
        worker process) are not lost.
        """
        seconds = dict.fromkeys(PARTS, 0.0)
        for process, part in self._sorted():
            seconds[part] += process.seconds
        return seconds

    def memory(self) -> dict[str, int]:
        """Return bytes of memory by part; pages that processes share count once, in shares."""
        used = dict.fromkeys(PARTS, 0)
        for process, part in self._sorted():
            used[part] += proportional_bytes(process.pid)
        return used

    def _sorted(self) -> Iterator[tuple[Process, str]]:
        processes = running_processes()
        for process in processes.values():
            if process.pid not in self._left_out and (part := self._part_of(process, processes)):
                yield process, part

    def _part_of(self, process: Process, processes: Mapping[int, Process]) -> str:
        """Return the part of a process; "" if it belongs to none."""
        if process.pid == self._supervisor:
            return OTHER
        if process.pid in self._others:
            return self._others[process.pid]
        if process.parent == self._supervisor:
            return self._by_command(process.pid)
        parent = processes.get(process.parent)
        return self._part_of(parent, processes) if parent else ""

    def _by_command(self, pid: int) -> str:
        if pid not in self._parts:
            try:
                line = (PROC / str(pid) / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            except OSError:
                return WORKER
            if not line:
                # It has ended, or has not started its program yet.
                return WORKER
            part = next((part for word, part in COMMANDS.items() if word in line), WORKER)
            self._parts[pid] = part
        return self._parts[pid]


def proportional_bytes(pid: int) -> int:
    """Return the memory of a process, with its share of what it shares with others; 0 if ended."""
    try:
        lines = (PROC / str(pid) / "smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:")), 0)


def difference(before: Mapping[str, float], after: Mapping[str, float]) -> dict[str, float]:
    return {part: after[part] - before[part] for part in after}
