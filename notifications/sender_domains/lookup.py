"""Looking records up, with a DNS server's silence told apart from a record that is missing."""

from dataclasses import dataclass

import dns.exception
import dns.resolver

from evently.dns_servers import server_of

SECONDS = 5.0
# After as many silences, nothing more is asked: it would be in vain, and take minutes.
MOST_SILENCES = 2


@dataclass(frozen=True)
class Answer:
    """values: what was found, () for nothing. failure: why it is not known, as a sentence's end."""

    values: tuple[str, ...] = ()
    failure: str = ""

    @property
    def is_missing(self) -> bool:
        """Return whether DNS has answered that there is no such record."""
        return not self.values and not self.failure


class Lookup:
    """Asks one DNS server, or the system's, each question once."""

    def __init__(self, server: str = "", *, seconds: float = SECONDS) -> None:
        """server: address, or address:port; "" for the system's. Raises ValueError for another."""
        self._answers: dict[tuple[str, str], Answer] = {}
        self._silences = 0
        self._seconds = seconds
        try:
            self._resolver = dns.resolver.Resolver(configure=not server)
        except dns.resolver.NoResolverConfiguration:
            self._resolver = dns.resolver.Resolver(configure=False)
        self._resolver.lifetime = seconds
        if server:
            host, port = server_of(server)
            self._resolver.nameservers = [host]
            self._resolver.port = port

    def texts(self, name: str) -> Answer:
        """Return the TXT records of a name, each in one piece."""
        return self._ask(name, "TXT")

    def mail_servers(self, domain: str) -> Answer:
        """Return the hosts of a domain's MX records, the preferred first; "" for none at all."""
        return self._ask(domain, "MX")

    def addresses(self, host: str) -> Answer:
        """Return the addresses of a host, of both versions of IP."""
        old, new = self._ask(host, "A"), self._ask(host, "AAAA")
        if old.values or new.values:
            return Answer(old.values + new.values)
        return old if old.failure else new

    def _ask(self, name: str, kind: str) -> Answer:
        key = (name.rstrip(".").lower(), kind)
        if key not in self._answers:
            self._answers[key] = self._answer_of(*key)
        return self._answers[key]

    def _answer_of(self, name: str, kind: str) -> Answer:
        if not self._resolver.nameservers:
            return Answer(failure="this machine has no DNS server")
        if self._silences >= MOST_SILENCES:
            return Answer(failure="no DNS server has answered before")
        try:
            found = self._resolver.resolve(f"{name}.", kind, search=False)
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            return Answer()
        except dns.resolver.NoNameservers as error:
            return Answer(failure=_refusal(error))
        except dns.exception.Timeout:
            self._silences += 1
            return Answer(failure=f"no DNS server answered within {self._seconds:g} s")
        except dns.exception.DNSException as error:
            return Answer(failure=f"it cannot be asked for ({type(error).__name__})")
        return Answer(_values(found, kind))


def _values(found: dns.resolver.Answer, kind: str) -> tuple[str, ...]:
    records = list(found)
    if kind == "TXT":
        # In an order of their own: servers give them in any.
        return tuple(sorted(b"".join(each.strings).decode("utf-8", "replace") for each in records))
    if kind == "MX":
        ordered = sorted(records, key=lambda each: (each.preference, each.exchange))
        return tuple(str(each.exchange).rstrip(".").lower() for each in ordered)
    return tuple(str(each) for each in records)


def _refusal(error: dns.resolver.NoNameservers) -> str:
    """Return what the servers said instead of an answer, such as SERVFAIL."""
    said = [each[3] for each in error.kwargs.get("errors", [])]
    words = {each if isinstance(each, str) else type(each).__name__ for each in said}
    return f"the DNS server says {', '.join(sorted(words)) or 'nothing'}"
