"""A mail server that misbehaves on command, and remembers every email that it has got.

    python -m bench.chaos.mail_server

Controlled by lines on its standard input, as `bench.stage.smtp_sink`, which it is otherwise.
"""

import asyncio
import json
import sys
from collections import Counter
from contextlib import suppress
from typing import Any

from bench.stage.smtp_sink import Server, Sink, message_id_of

FINE = "fine"
# What it does with an email: nothing at all, as its port is closed; 450 for the recipient; no
# answer after the email; the connection closed after the email; an error although it takes it,
# against the standard (RFC 5321, 4.2.5), so that it takes it twice.
MODES = REFUSES, DEFERS, HANGS, DROPS, TWICE = "refuses", "defers", "hangs", "drops", "twice"


class FaultyServer(Server):
    """Takes emails, or not.

    copies: how often each has arrived, by its Message-ID. Those that it has answered with an error
    are not among them: no client can know that they have been taken.
    """

    def __init__(self) -> None:
        super().__init__()
        self.mode = FINE
        self.copies: Counter[str] = Counter()
        self.writers: set[asyncio.StreamWriter] = set()

    def command(self, line: str) -> dict[str, Any]:
        verb, _, rest = line.partition(" ")
        if verb == "mode":
            self.mode = rest
            (self.answers.clear if rest == HANGS else self.answers.set)()
            if rest == REFUSES:
                for writer in self.writers:
                    writer.close()
            return {"mode": rest}
        if verb == "copies":
            return dict(self.copies)
        return super().command(line)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.writers.add(writer)
        try:
            await super().serve(reader, writer)
        finally:
            self.writers.discard(writer)

    async def reply(
        self, line: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bytes:
        verb = line[:4].upper()
        if verb == b"RCPT" and self.mode == DEFERS:
            return b"450 try again later\r\n"
        if verb != b"DATA":
            return await super().reply(line, reader, writer)
        writer.write(b"354 go ahead\r\n")
        await writer.drain()
        email = await reader.readuntil(b"\r\n.\r\n")
        mode = self.mode
        self.copies[message_id_of(email)] += mode != TWICE
        await self.answers.wait()
        if mode == DROPS:
            raise ConnectionError
        if mode == TWICE:
            return b"451 something went wrong\r\n"
        self.emails += 1
        return b"250 accepted\r\n"


class Port:
    """Where the server listens: closed while it refuses, and the same when it is open again."""

    def __init__(self, server: FaultyServer) -> None:
        self._server = server
        self._listening: asyncio.Server | None = None
        self.number = 0

    async def follow(self) -> None:
        """Open or close the port, as the server's mode wants it."""
        if self._server.mode == REFUSES and self._listening is not None:
            self._listening.close()
            self._listening = None
        elif self._server.mode != REFUSES and self._listening is None:
            self._listening = await asyncio.start_server(
                self._server.serve, "127.0.0.1", self.number, limit=1 << 26
            )
            self.number = self._listening.sockets[0].getsockname()[1]


async def main() -> None:
    server = FaultyServer()
    port = Port(server)
    await port.follow()
    commands = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(commands), sys.stdin
    )
    print(json.dumps({"port": port.number}), flush=True)
    while line := await commands.readline():
        said = server.command(line.decode().strip())
        await port.follow()
        print(json.dumps(said), flush=True)


class FaultySink(Sink):
    """The mail server's process, as the nemesis and the audit see it."""

    module = "bench.chaos.mail_server"

    def behave(self, mode: str) -> None:
        """Misbehave from now on, or be `FINE` again."""
        self.ask(f"mode {mode}")

    def copies(self) -> dict[str, int]:
        """Return how often each email has arrived, by its Message-ID."""
        return self.ask("copies")


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        asyncio.run(main())
