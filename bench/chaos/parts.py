"""The processes of a running Evently, by the part that they are."""

from collections.abc import Iterator
from enum import StrEnum

from bench.stage.cpu import PROC, Process, running_processes


class Part(StrEnum):
    SUPERVISOR = "supervisor"
    WEB = "web server"
    WEB_WORKER = "web worker"
    WORKER = "worker"
    WORKER_PROCESS = "worker's process"
    URGENT_WORKER = "urgent worker"
    MAILER = "mailer"
    SCHEDULER = "scheduler"
    BROKER = "broker"
    DATABASE = "database"
    BACKEND = "database backend"
    LOG = "log relay"


# By words in the command line of a child of the supervisor; the first that fits.
WORDS = {
    "relay": Part.LOG,
    "gunicorn": Part.WEB,
    "--hostname urgent-worker-": Part.URGENT_WORKER,
    "--hostname worker-": Part.WORKER,
    "deliver_emails": Part.MAILER,
    " beat ": Part.SCHEDULER,
    "valkey": Part.BROKER,
    "postgres": Part.DATABASE,
}
# Those whose processes are children of another's.
CHILDREN = {
    Part.WEB_WORKER: Part.WEB,
    Part.WORKER_PROCESS: Part.WORKER,
    Part.BACKEND: Part.DATABASE,
}
# Backends of the application; others belong to PostgreSQL itself, or to this process.
APPLICATION = "evently_app"


def processes_of(supervisor: int, part: Part) -> list[int]:
    """Return the ids of a part's processes; the children of its processes are not among them."""
    everything = running_processes()
    if part is Part.SUPERVISOR:
        return [supervisor] if supervisor in everything else []
    if part in CHILDREN:
        parents = set(processes_of(supervisor, CHILDREN[part]))
        found = [process.pid for process in everything.values() if process.parent in parents]
        if part is Part.BACKEND:
            found = [pid for pid in found if APPLICATION in command_of(pid)]
        return sorted(found)
    return sorted(pid for pid, kind in _children(supervisor, everything) if kind is part)


def with_descendants(pids: list[int]) -> list[int]:
    """Return these processes and all that descend from them."""
    everything = running_processes()
    wanted = set(pids)
    while more := {p.pid for p in everything.values() if p.parent in wanted} - wanted:
        wanted |= more
    return sorted(wanted)


def command_of(pid: int) -> str:
    """Return a process's command line; "" if it has ended."""
    try:
        return (PROC / str(pid) / "cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        return ""


def _children(supervisor: int, everything: dict[int, Process]) -> Iterator[tuple[int, Part]]:
    for process in everything.values():
        if process.parent == supervisor:
            command = command_of(process.pid)
            part = next((part for words, part in WORDS.items() if words in command), None)
            if part is not None:
                yield process.pid, part
