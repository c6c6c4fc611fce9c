"""A mail server that accepts everything and keeps nothing, in a process of its own.

It can stop answering after the end of an email, as servers do that hang. The measuring process
controls it by lines on its standard input; each is answered by one line of JSON.
"""

import asyncio
import json
import subprocess
import sys
import time
from contextlib import suppress
from typing import Any

EXTENSIONS = ("PIPELINING", "8BITMIME", "SMTPUTF8", "SIZE 52428800")


class Server:
    """Counts emails, and remembers when each arrived, by its Message-ID, and the last one."""

    def __init__(self) -> None:
        self.emails = self.connections = 0
        self.first_at = self.last_at = 0.0
        self.last = b""
        self.arrivals: dict[str, float] = {}
        self.answers = asyncio.Event()
        self.answers.set()

    def state(self) -> dict[str, Any]:
        return {
            "emails": self.emails,
            "connections": self.connections,
            "first_at": self.first_at,
            "last_at": self.last_at,
        }

    def command(self, line: str) -> dict[str, Any]:
        """Carry out a line of the measuring process."""
        if line == "hang":
            self.answers.clear()
        elif line == "answer":
            self.answers.set()
        elif line == "forget":
            self.first_at = self.last_at = 0.0
        elif line == "arrivals":
            return self.arrivals
        elif line == "last":
            return {"last": self.last.decode("latin-1")}
        return self.state()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            writer.write(b"220 sink ESMTP\r\n")
            while line := await reader.readline():
                writer.write(await self.reply(line.strip(), reader, writer))
                await writer.drain()
                if line[:4].upper() == b"QUIT":
                    break
        writer.close()

    async def reply(
        self, line: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bytes:
        verb = line[:4].upper()
        if verb == b"EHLO":
            lines = ["sink", *EXTENSIONS]
            marks = ["-"] * len(EXTENSIONS) + [" "]
            return "".join(
                f"250{mark}{text}\r\n" for mark, text in zip(marks, lines, strict=True)
            ).encode()
        if verb == b"DATA":
            writer.write(b"354 go ahead\r\n")
            await writer.drain()
            self.last = await reader.readuntil(b"\r\n.\r\n")
            await self.answers.wait()
            self.last_at = time.monotonic()
            self.first_at = self.first_at or self.last_at
            self.emails += 1
            self.arrivals[message_id_of(self.last)] = self.last_at
            return b"250 accepted\r\n"
        return b"221 bye\r\n" if verb == b"QUIT" else b"250 fine\r\n"


def message_id_of(email: bytes) -> str:
    head, _, _ = email.partition(b"\r\n\r\n")
    lines = head.lower().split(b"\r\n")
    found = (line for line in lines if line.startswith(b"message-id:"))
    return next(found, b":").partition(b":")[2].strip().decode()


async def main() -> None:
    server = Server()
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0, limit=1 << 26)
    commands = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(commands), sys.stdin
    )
    print(json.dumps({"port": listening.sockets[0].getsockname()[1]}), flush=True)
    while line := await commands.readline():
        print(json.dumps(server.command(line.decode().strip())), flush=True)


class Sink:
    """The mail server's process, as the measuring process sees it; it ends with `close`."""

    module = "bench.stage.smtp_sink"

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", self.module],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.port = int(self._read()["port"])

    def _read(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        answer: dict[str, Any] = json.loads(self.process.stdout.readline())
        return answer

    def ask(self, line: str) -> dict[str, Any]:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{line}\n")
        self.process.stdin.flush()
        return self._read()

    def emails(self) -> int:
        """Return the number of emails that were accepted so far."""
        return int(self.ask("state")["emails"])

    def forget_times(self) -> None:
        self.ask("forget")

    def seconds(self) -> float:
        """Return the time between the first and the last email since `forget_times`."""
        state = self.ask("state")
        return float(state["last_at"] - state["first_at"])

    def arrivals(self) -> dict[str, float]:
        """Return when each email arrived (monotonic, in seconds), by its Message-ID."""
        return self.ask("arrivals")

    def last_email(self) -> bytes:
        return str(self.ask("last")["last"]).encode("latin-1")

    def hang(self) -> None:
        """Let emails be sent, but not answered, until `answer`."""
        self.ask("hang")

    def answer(self) -> None:
        self.ask("answer")

    def close(self) -> None:
        self.process.terminate()
        self.process.wait()
        for stream in (self.process.stdin, self.process.stdout):
            if stream is not None:
                stream.close()


if __name__ == "__main__":
    asyncio.run(main())
