"""A mail server that accepts everything, for measurements: `python -m bench.mail_sink PORT FILE`.

Writes a line to FILE for each email: the time (monotonic, in seconds) and its Message-ID.
"""

import asyncio
import sys
import time
from pathlib import Path
from typing import TextIO


async def serve(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, record: TextIO
) -> None:
    """Answer one client until it leaves."""
    writer.write(b"220 sink\r\n")
    while line := await reader.readline():
        command = line[:4].upper().strip()
        if command == b"DATA":
            writer.write(b"354 go on\r\n")
            content = await reader.readuntil(b"\r\n.\r\n")
            record.write(f"{time.monotonic()} {message_id_of(content)}\n")
            writer.write(b"250 OK\r\n")
        elif command == b"QUIT":
            writer.write(b"221 bye\r\n")
            break
        else:
            writer.write(b"250 OK\r\n")
        await writer.drain()
    writer.close()


def message_id_of(content: bytes) -> str:
    head, _, _ = content.partition(b"\r\n\r\n")
    lines = head.lower().split(b"\r\n")
    found = (line for line in lines if line.startswith(b"message-id:"))
    return next(found, b":").partition(b":")[2].strip().decode()


async def main(port: int, path: str) -> None:
    with Path(path).open("a", buffering=1) as record:
        server = await asyncio.start_server(
            lambda reader, writer: serve(reader, writer, record=record),
            "127.0.0.1",
            port,
            limit=2**22,
        )
        async with server:
            await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), sys.argv[2]))
