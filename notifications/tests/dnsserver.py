"""A real DNS server for tests, over UDP and TCP, which can fail and be silent."""

import socketserver
import struct
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset

from evently.embedded.processes import choose_port

LONGEST_UDP = 512


@dataclass
class DnsServer:
    """zone: records as in a zone file, by name and type. failing, silent: names.

    questions: how often each name was asked for.
    """

    zone: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    failing: set[str] = field(default_factory=set)
    silent: set[str] = field(default_factory=set)
    questions: Counter[str] = field(default_factory=Counter)
    port: int = field(default_factory=lambda: choose_port(None, taken=set()))

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def add(self, name: str, kind: str, *values: str) -> None:
        """Add records; a text gets its quotes here."""
        texts = [_quoted(value) if kind == "TXT" else value for value in values]
        self.zone.setdefault((name, kind), []).extend(texts)

    def answer(self, question: bytes) -> dns.message.Message | None:
        """Return the answer to a question; None for silence."""
        asked = dns.message.from_wire(question)
        (first,) = asked.question
        name, kind = str(first.name).rstrip("."), dns.rdatatype.to_text(first.rdtype)
        self.questions[name] += 1
        if name in self.silent:
            return None
        response = dns.message.make_response(asked)
        if name in self.failing:
            response.set_rcode(dns.rcode.SERVFAIL)
        elif values := self.zone.get((name, kind)):
            response.answer.append(dns.rrset.from_text_list(first.name, 60, "IN", kind, values))
        elif not any(known == name for known, _ in self.zone):
            response.set_rcode(dns.rcode.NXDOMAIN)
        return response


def _quoted(text: str) -> str:
    return " ".join(f'"{text[start : start + 255]}"' for start in range(0, len(text), 255))


class _Udp(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        question, socket = self.request
        response = self.server.dns.answer(question)
        if response is None:
            return
        if len(response.to_wire()) > LONGEST_UDP:
            response.answer.clear()
            response.flags |= dns.flags.TC
        socket.sendto(response.to_wire(), self.client_address)


class _Tcp(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        (length,) = struct.unpack("!H", self.rfile.read(2))
        response = self.server.dns.answer(self.rfile.read(length))
        if response is not None:
            content = response.to_wire()
            self.wfile.write(struct.pack("!H", len(content)) + content)


@contextmanager
def dns_server() -> Iterator[DnsServer]:
    """Run a DNS server during the block."""
    dns_ = DnsServer()
    address = ("127.0.0.1", dns_.port)
    with (
        socketserver.ThreadingUDPServer(address, _Udp) as udp,
        socketserver.ThreadingTCPServer(address, _Tcp) as tcp,
    ):
        servers: tuple[Any, ...] = (udp, tcp)
        threads = []
        for server in servers:
            server.dns = dns_
            threads.append(threading.Thread(target=server.serve_forever, args=(0.01,)))
            threads[-1].start()
        try:
            yield dns_
        finally:
            for server, thread in zip(servers, threads, strict=True):
                server.shutdown()
                thread.join()
