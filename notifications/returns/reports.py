"""A report: what a mail server or an email service says became of an email."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from evently.privacy.addresses import digest_of_address
from notifications.return_models import ReturnOutcome, ReturnReason
from notifications.returns.tokens import Named


@dataclass(frozen=True)
class Verdict:
    """What a report says, whichever email it is about. code: of RFC 3463, or ""."""

    outcome: ReturnOutcome
    reason: ReturnReason = ReturnReason.NONE
    code: str = ""
    is_permanent: bool = False


@dataclass(frozen=True)
class Report:
    """What became of one email.

    named: by its token; None where there was no valid one. hints: notifications by Message-ID, for
    reports without a token. source: "mailbox", or the email service. digest: the same for the same
    report, so that it counts once. at: when it happened; None: now.
    provider, message_id, recipient: of a service that has signed the report: its name, its id of
    the email, and the address that it went to; for reports without a token.
    """

    verdict: Verdict
    source: str
    digest: str
    named: Named | None = None
    hints: tuple[UUID, ...] = ()
    at: datetime | None = None
    provider: str = ""
    message_id: str = ""
    recipient: str = ""

    @property
    def is_proven(self) -> bool:
        """Whether nobody can have made it up who does not have the email, or the service's key."""
        return self.named is not None or bool(self.message_id)

    def is_about(self, address: str) -> bool:
        """Return whether it is about an email to this address, as far as it says."""
        if self.named is not None:
            return self.named.went_to(address)
        # Services name the domain in ASCII or Unicode, as they like.
        return not self.recipient or digest_of_address(self.recipient) == digest_of_address(address)
