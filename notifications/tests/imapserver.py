"""A small IMAP server for tests: one folder of emails, over a real socket."""

import re
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

SEEN, DELETED = "\\Seen", "\\Deleted"


@dataclass
class ImapServer:
    """Emails by their UIDs with their flags, and moved ones by folder.

    keywords, moves: what the server can do. hangs_up_at: a command at which it closes the
    connection, once. at_command: called with each command, before it is carried out; an OSError of
    it ends the connection. commands: those that it was given.
    """

    emails: dict[int, bytes] = field(default_factory=dict)
    flags: dict[int, set[str]] = field(default_factory=dict)
    moved: dict[str, list[bytes]] = field(default_factory=dict)
    keywords: bool = True
    moves: bool = True
    hangs_up_at: str = ""
    at_command: Callable[[str], None] | None = None
    commands: list[str] = field(default_factory=list)
    port: int = 0

    def add(self, raw: bytes) -> int:
        uid = max(self.emails, default=0) + 1
        self.emails[uid] = raw
        self.flags[uid] = set()
        return uid

    def serve(self, listening: socket.socket) -> None:
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            # A client that dies ends its connection, and no more.
            with suppress(OSError), connection, connection.makefile("rb") as lines:
                connection.sendall(b"* OK ready\r\n")
                self._talk(connection, lines)

    def _talk(self, connection, lines) -> None:
        for line in lines:
            tag, _, command = line.decode().strip().partition(" ")
            self.commands.append(command)
            if self.at_command:
                self.at_command(command)
            if self.hangs_up_at and command.startswith(self.hangs_up_at):
                self.hangs_up_at = ""
                return
            for answer in self._answers(command):
                connection.sendall(answer + b"\r\n")
            connection.sendall(f"{tag} OK done\r\n".encode())
            if command == "LOGOUT":
                return

    def _answers(self, command: str) -> list[bytes]:
        name, _, rest = command.partition(" ")
        if name == "UID":
            name, _, rest = rest.partition(" ")
        return getattr(self, f"_{name.lower()}", lambda rest: [])(rest)

    def _capability(self, rest: str) -> list[bytes]:
        return [b"* CAPABILITY IMAP4rev1" + (b" MOVE" if self.moves else b"")]

    def _select(self, rest: str) -> list[bytes]:
        permanent = "\\Seen \\Deleted \\*" if self.keywords else "\\Seen \\Deleted"
        return [
            f"* {len(self.emails)} EXISTS".encode(),
            b"* 0 RECENT",
            b"* FLAGS (\\Seen \\Deleted)",
            f"* OK [PERMANENTFLAGS ({permanent})] ok".encode(),
        ]

    def _search(self, rest: str) -> list[bytes]:
        unwanted = {SEEN, DELETED} | set(re.findall(r"UNKEYWORD (\S+)", rest))
        found = [str(uid) for uid in self.emails if not self.flags[uid] & unwanted]
        return [f"* SEARCH {' '.join(found)}".encode()]

    def _fetch(self, rest: str) -> list[bytes]:
        answers = []
        for uid in _uids(rest):
            if uid in self.emails:
                raw = self.emails[uid]
                head = f"* {uid} FETCH (UID {uid} BODY[] {{{len(raw)}}}\r\n".encode()
                answers.append(head + raw + b")")
        return answers

    def _store(self, rest: str) -> list[bytes]:
        added = re.findall(r"\\?\w+", rest.partition("(")[2])
        for uid in _uids(rest):
            self.flags[uid] |= set(added)
        return []

    def _move(self, rest: str) -> list[bytes]:
        folder = rest.split()[-1].strip('"')
        for uid in _uids(rest):
            self.moved.setdefault(folder, []).append(self.emails.pop(uid))
        return []

    def _expunge(self, rest: str) -> list[bytes]:
        raise AssertionError("Nothing is to be deleted.")


def _uids(rest: str) -> list[int]:
    found = []
    for part in rest.split()[0].split(","):
        first, _, last = part.partition(":")
        found += range(int(first), int(last or first) + 1)
    return found


@contextmanager
def imap_server(**options) -> Iterator[ImapServer]:
    """Run an IMAP server during the block."""
    with socket.create_server(("", 0)) as listening:
        server = ImapServer(port=listening.getsockname()[1], **options)
        thread = threading.Thread(target=server.serve, args=[listening], daemon=True)
        thread.start()
        try:
            yield server
        finally:
            listening.shutdown(socket.SHUT_RDWR)
            thread.join()
