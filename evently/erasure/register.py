"""The register of erasures: outside the database, so that restoring a backup leaves it as it is.

It has a header, line 0, which tells it from that of another installation, and one line for each
erasure: JSON with the account's id, signed, and chained by the digest of the entry before. The
database makes the lines (`operations.open_erasure`); writing one twice changes nothing.

A register in a file has a line for each entry. One at a URL has a document for each: `GET` and
`PUT` of `URL/<number>`, with 404 for one that is not there. `docs/operating.md` says what a server
needs.
"""

import fcntl
import hashlib
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import BufferedRandom
from pathlib import Path
from typing import Protocol

import requests
from django.conf import settings

from evently.erasure.signing import SignatureInvalid, read_line
from evently.time_limits import within

# Of one request; a server that sends byte by byte gets ANSWER_SECONDS in total.
CONNECT_SECONDS, READ_SECONDS, ANSWER_SECONDS = 3.0, 5.0, 15.0
LONGEST_LINE = 16_384
# The number of the line before the first entry.
HEADER = 0

Numbered = tuple[int, str]


class RegisterUnreachable(Exception):
    """The register cannot be read or written now; the text says why."""


class RegisterConflict(Exception):
    """The register has another entry than the database, or one that was changed."""


class Register(Protocol):
    """Where entries are kept."""

    def exists(self) -> bool:
        """Return whether there is a register. Raises RegisterUnreachable."""

    def line(self, number: int) -> str | None:
        """Return an entry; None if there is none. Raises RegisterUnreachable."""

    def lines(self) -> Iterator[Numbered]:
        """Yield all entries. Raises RegisterUnreachable."""

    def write(self, lines: Sequence[Numbered]) -> int:
        """Add lines, gapless by number; return the number of the last one afterwards.

        What is there already is compared and left alone. Less than asked for is written where
        entries before are missing: the number that is returned says from where.
        Raises RegisterUnreachable, RegisterConflict.
        """


def the_register() -> Register:
    """Return the register that ERASURE_REGISTER names."""
    place = str(settings.ERASURE_REGISTER)
    if place.startswith(("https://", "http://")):
        return UrlRegister(place)
    return FileRegister(Path(place))


def digest(line: str) -> str:
    """Return the digest of a line, which the next one names."""
    return hashlib.sha256(line.encode()).hexdigest()


def _compare(number: int, ours: str, theirs: str) -> None:
    if ours != theirs:
        raise RegisterConflict(f"Entry {number} of the register differs from the database's.")


class FileRegister:
    """A register in a file: a line for each entry."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __str__(self) -> str:
        return str(self.path)

    def exists(self) -> bool:
        return self.path.exists()

    def line(self, number: int) -> str | None:
        return next((line for at, line in self.lines() if at == number), None)

    def lines(self) -> Iterator[Numbered]:
        try:
            content = self.path.read_bytes() if self.path.exists() else b""
        except OSError as error:
            raise RegisterUnreachable(f"{self.path}: {error.strerror}") from error
        yield from enumerate(_complete(content))

    def write(self, lines: Sequence[Numbered]) -> int:
        with self._opened() as file:
            content = file.read()
            known = _complete(content)
            # What a crash has left of a line that was not acknowledged.
            size = sum(len(line.encode()) + 1 for line in known)
            new: list[str] = []
            for number, line in lines:
                if number < len(known):
                    _compare(number, line, known[number])
                elif number == len(known) + len(new):
                    new.append(line)
            if new:
                file.truncate(size)
                file.seek(size)
                file.write("".join(f"{line}\n" for line in new).encode())
                file.flush()
                os.fsync(file.fileno())
            return len(known) + len(new) - 1

    @contextmanager
    def _opened(self) -> Iterator[BufferedRandom]:
        """Open the file for this process alone; others wait. It is private, whatever the umask."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            is_new = not self.path.exists()
            descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            with os.fdopen(descriptor, "r+b") as file:
                fcntl.flock(file, fcntl.LOCK_EX)
                if is_new:
                    _sync_folder(self.path.parent)
                yield file
        except OSError as error:
            raise RegisterUnreachable(f"{self.path}: {error.strerror or error}") from error


def _complete(content: bytes) -> list[str]:
    """Return the lines that end, without what follows the last of them."""
    ended, _, _ = content.rpartition(b"\n")
    return ended.decode("utf-8", "replace").split("\n") if ended else []


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class UrlRegister:
    """A register on another server: a document for each entry."""

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")

    def __str__(self) -> str:
        # Not the password that the URL may contain.
        return self.url.rpartition("@")[2]

    def exists(self) -> bool:
        return self.line(HEADER) is not None

    def line(self, number: int) -> str | None:
        status, text = self._ask("GET", number)
        if status == 404:
            return None
        if status != 200:
            raise RegisterUnreachable(f"{self}: status {status} for entry {number}")
        return text.strip()

    def lines(self) -> Iterator[Numbered]:
        number = HEADER
        while (line := self.line(number)) is not None:
            yield number, line
            number += 1

    def write(self, lines: Sequence[Numbered]) -> int:
        last = lines[0][0] - 1
        for number, line in lines:
            known = self.line(number)
            if known is None:
                status, _ = self._ask("PUT", number, line)
                # 409, 412: another process was faster; what it wrote is compared.
                if status not in {200, 201, 204, 409, 412}:
                    raise RegisterUnreachable(f"{self}: status {status} for entry {number}")
                known = self.line(number)
            _compare(number, line, known or "")
            last = number
        return last

    def _ask(self, method: str, number: int, line: str | None = None) -> tuple[int, str]:
        headers = {"Content-Type": "application/json"}
        if method == "PUT":
            headers["If-None-Match"] = "*"

        def work() -> tuple[int, str]:
            with requests.request(
                method,
                f"{self.url}/{number}",
                data=line and line.encode(),
                headers=headers,
                timeout=(CONNECT_SECONDS, READ_SECONDS),
                allow_redirects=False,
                stream=True,
            ) as answer:
                content = b""
                for chunk in answer.iter_content(1024):
                    content += chunk
                    if len(content) > LONGEST_LINE:
                        raise RegisterUnreachable(f"{self}: an answer that does not end")
                return answer.status_code, content.decode("utf-8", "replace")

        try:
            return within(ANSWER_SECONDS, work)
        except TimeoutError as error:
            raise RegisterUnreachable(f"{self}: an answer that does not end") from error
        except requests.RequestException as error:
            raise RegisterUnreachable(f"{self}: {type(error).__name__}") from error


# ── Reading it whole ────────────────────────────────────────────────────────
class RegisterBroken(Exception):
    """An entry was changed, moved or removed; the text says which."""


def verified(
    register: Register, *, accept_unknown_keys: bool = False
) -> Iterator[tuple[str, dict[str, object]]]:
    """Yield (line, entry) of a register, each checked against its signature and the entry before.

    accept_unknown_keys: take entries that are signed with a key that is lost; the chain is checked.
    Raises RegisterBroken, RegisterUnreachable.
    """
    previous = ""
    for number, line in register.lines():
        try:
            entry = read_line(line, accept_unknown_keys=accept_unknown_keys)
        except SignatureInvalid as error:
            raise RegisterBroken(f"Entry {number} {error}.") from error
        if entry.get("number") != number or entry.get("previous") != previous:
            raise RegisterBroken(
                f"Entry {number} does not follow the one before it: lines were removed or moved."
            )
        if number != HEADER:
            yield line, entry
            previous = digest(line)
