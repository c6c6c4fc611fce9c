"""A real mail server for tests, which can refuse emails, be slow and be down."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import Envelope

from evently.embedded.processes import choose_port


@dataclass
class MailServer:
    """The emails it accepted, also as bytes (contents), and how it answers.

    after_data: called after each email.

    drops_after_data: how many emails it takes without an answer, and closes the connection.
    hangs_after_data, drops_at_recipient: the same, never answering, and before it gets the email.
    pipelines: whether it takes several commands at once. accepts_with: its words about an email.
    recipients: how many it was asked about. at_recipient: called for each, before it answers.
    """

    port: int = field(default_factory=lambda: choose_port(None, taken=set()))
    emails: list[EmailMessage] = field(default_factory=list)
    contents: list[bytes] = field(default_factory=list)
    connections: int = 0
    recipient_answer: str = ""
    data_answer: str = ""
    drops_at_recipient: int = 0
    drops_after_data: int = 0
    hangs_after_data: int = 0
    after_data: Any = None
    pipelines: bool = True
    accepts_with: str = "250 OK"
    recipients: int = 0
    at_recipient: Any = None
    _controller: Controller | None = None

    async def handle_HELO(self, server: Any, session: Any, envelope: Any, hostname: str) -> str:  # noqa: N802
        self.connections += 1
        session.host_name = hostname
        return "250 here"

    async def handle_EHLO(  # noqa: N802
        self, server: Any, session: Any, envelope: Any, hostname: str, responses: list[str]
    ) -> list[str]:
        self.connections += 1
        session.host_name = hostname
        # The first line only greets.
        greeting, *extensions = responses
        return [greeting, "250-PIPELINING", *extensions] if self.pipelines else responses

    async def handle_RCPT(  # noqa: N802
        self, server: Any, session: Any, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        self.recipients += 1
        if self.at_recipient is not None:
            await asyncio.to_thread(self.at_recipient)
        if self.drops_at_recipient:
            self.drops_at_recipient -= 1
            server.transport.abort()
        if self.recipient_answer:
            return self.recipient_answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Envelope) -> str:  # noqa: N802
        if self.data_answer:
            return self.data_answer
        self.contents.append(envelope.content)
        self.emails.append(message_from_bytes(envelope.content, policy=policy.default))
        if self.after_data is not None:
            # In a thread: other connections are answered meanwhile.
            await asyncio.to_thread(self.after_data)
        if self.drops_after_data:
            self.drops_after_data -= 1
            server.transport.abort()
        if self.hangs_after_data:
            self.hangs_after_data -= 1
            await asyncio.Event().wait()
        return self.accepts_with

    def up(self) -> None:
        self._controller = Controller(self, hostname="127.0.0.1", port=self.port)
        self._controller.start()

    def down(self) -> None:
        if self._controller is not None:
            self._controller.stop()
            self._controller = None

    @property
    def counts(self) -> Counter[str]:
        """How many emails were accepted, by Message-ID."""
        return Counter(str(email["Message-ID"]) for email in self.emails)


@contextmanager
def mail_server() -> Iterator[MailServer]:
    """Run a mail server during the block."""
    server = MailServer()
    server.up()
    try:
        yield server
    finally:
        server.down()
